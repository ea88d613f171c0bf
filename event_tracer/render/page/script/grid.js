// The timeline: a tree of rows beside their bars.

const SERVICES = 170; // pixels at most
const PADDING = 6; // pixels before an axis label
const NAMES = { least: 180, most: 0.5 }; // pixels; a share of the width

class Grid {
  constructor({ colour, onSelect, onZoom, onOpen }) {
    Object.assign(this, { colour, onSelect, onZoom, onOpen });
    this.element = $("grid");
    this.scale = new Scale(1);
    [this.story, this.shown, this.selected, this.found] = [null, [], -1, new Set()];
    const head = () => this.element.firstElementChild.offsetHeight;
    this.list = new Virtual(this.element, { build: (index) => rowElement(this, index), head });
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.resize()).observe($("axis"));
    new ResizeObserver(() => { this.#columns(); this.list.refresh(); }).observe(this.element); // messages are cut to the width
    isNarrow.addEventListener("change", () => this.layOut());
  }

  // Show a story; where it is the same one anew, as it was looked at.
  show(story, { warningsOnly, words }) {
    const before = this.story && this.story.id === story.id ? { id: this.spanId(), scale: this.scale } : null;
    this.story = story;
    this.scale = new Scale(story.length);
    this.widths = { name: nameWidth(story), service: serviceWidth(story) };
    if (before && !before.scale.isAll) this.scale.show(before.scale.from, before.scale.to);
    this.#columns();
    this.filter({ warningsOnly, words });
    this.select(before?.id ? this.indexOf(before.id) : -1, { quietly: true });
    if (!before) this.element.scrollTop = 0;
  }

  filter({ warningsOnly, words }) {
    this.warningsOnly = warningsOnly;
    this.found = this.story.matching(words);
    this.layOut();
  }

  layOut() {
    if (!this.story) return;
    const id = this.spanId();
    this.shown = this.story.shown(this.warningsOnly);
    this.selected = id ? this.indexOf(id) : -1;
    this.element.setAttribute("aria-rowcount", this.shown.length + 1);
    this.list.setHeights(this.shown.map((row) => rowHeight(this.story.rows[row])));
    this.#mark();
  }

  #columns() {
    if (!this.story) return;
    this.width = this.element.clientWidth;
    const most = Math.max(this.width * NAMES.most, NAMES.least);
    const name = Math.min(Math.max(this.widths.name, NAMES.least), most);
    this.element.style.setProperty("--name", `${Math.ceil(name)}px`);
    this.element.style.setProperty("--service-width", `${Math.ceil(Math.min(this.widths.service, SERVICES))}px`);
    this.resize();
  }

  resize() {
    this.scale.width = $("axis").clientWidth;
    if (this.story) this.redraw();
  }

  // The same rows under another zoom.
  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#axis();
      this.list.each((index, element) => redrawBars(element, this.story.rows[this.shown[index]], this.scale));
      this.onZoom(this.scale);
    });
  }

  #axis() {
    const ticks = this.scale.ticks();
    const text = (time) => (!time ? "0" : elapsed(this.scale.length) ? human(time) : "");
    const measure = pen("11px", MONO), room = this.scale.width - PADDING;
    const isWhole = (time) => this.scale.x(time) + measure.measureText(text(time)).width <= room;
    const label = (time) => (isWhole(time) ? text(time) : "");
    $("axis").replaceChildren(...ticks.map((time) => place(el("span", { text: label(time) }), this.scale.x(time))));
    $("lines").replaceChildren(...ticks.map((time) => place(el("i"), this.scale.x(time))));
  }

  // -- what is selected

  get row() { return this.selected < 0 ? null : this.story.rows[this.shown[this.selected]]; }

  spanId() { return this.row?.spans[0][0]; }

  indexOf(id) {
    const found = this.story.find(id);
    return found ? this.shown.indexOf(found.row) : -1;
  }

  select(index, { quietly = false } = {}) {
    const before = this.selected;
    this.selected = Math.min(index, this.shown.length - 1);
    this.list.update(before);
    if (this.selected >= 0) { this.list.reveal(this.selected); this.list.update(this.selected); }
    this.#mark();
    if (!quietly) this.onSelect(this.row);
  }

  #mark() {
    if (this.selected >= 0) this.element.setAttribute("aria-activedescendant", `row-${this.shown[this.selected]}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  // Open what hides a span, and select its row.
  go(id) {
    const found = this.story.find(id);
    if (!found) return null;
    this.story.reveal(found.row);
    this.layOut();
    this.select(this.shown.indexOf(found.row), { quietly: true });
    return found;
  }

  toggle(index, isOpen) {
    this.story.setOpen(this.shown[index], isOpen);
    this.layOut();
  }

  nextFound(step) {
    const hits = this.shown.map((row, index) => (this.found.has(row) ? index : -1)).filter((index) => index >= 0);
    if (!hits.length) return;
    const after = step > 0 ? hits.find((index) => index > this.selected) : hits.findLast((index) => index < this.selected);
    this.select(after ?? hits[step > 0 ? 0 : hits.length - 1]);
  }

  // -- what people do

  #click(event) {
    const row = event.target.closest(".row[data-index]");
    if (!row) return;
    const index = Number(row.dataset.index);
    if (event.target.closest(".twist.open, .twist.closed")) this.toggle(index, !this.story.isOpen(this.shown[index]));
    else { this.select(index); this.onOpen(); }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.story) return;
    const act = this.#act(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #act({ key, shiftKey }) {
    if (shiftKey && key === "ArrowRight") return () => this.pan(0.2);
    if (shiftKey && key === "ArrowLeft") return () => this.pan(-0.2);
    const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: this.list.page(), PageUp: -this.list.page() }[key];
    if (move) return () => this.select(Math.max(this.selected + move, 0));
    return {
      Home: () => this.select(0),
      End: () => this.select(this.shown.length - 1),
      ArrowRight: () => this.#right(),
      ArrowLeft: () => this.#left(),
      Enter: () => this.#enter(),
      " ": () => this.#enter(),
    }[key];
  }

  #enter() {
    if (this.selected < 0) this.select(0);
    this.onOpen({ focus: true });
  }

  #right() {
    if (this.selected < 0) { this.select(0); return; }
    const row = this.shown[this.selected];
    if (!this.story.hasChildren(row)) return;
    if (this.story.isOpen(row)) this.select(this.selected + 1); else this.toggle(this.selected, true);
  }

  #left() {
    if (this.selected < 0) return;
    const row = this.shown[this.selected], parent = this.story.parents[row];
    if (this.story.hasChildren(row) && this.story.isOpen(row)) this.toggle(this.selected, false);
    else if (parent >= 0) this.select(this.shown.indexOf(parent));
  }

  zoom(factor, around) { this.scale.zoom(factor, around); this.redraw(); }

  zoomTo(from, to) { this.scale.show(from, to); this.redraw(); }

  zoomAll() { this.scale.all(); this.redraw(); }

  pan(share) { this.scale.pan(share); this.redraw(); }
}

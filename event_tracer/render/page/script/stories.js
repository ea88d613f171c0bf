// The list of stories.

const STORY = 57, LINE = 17, PAST_HEIGHT = 19; // pixels of one, and more for a line of its cause and past outcomes
const LINES = 3, BESIDE = 58, BELOW = 14; // lines of a cause at most; pixels beside them, and more below a fold

// How many lines of so many pixels a text of 12 pixels takes.
function linesOf(text, width) {
  const measure = pen("12px");
  let lines = 1, left = width;
  for (const word of text.split(/(?<=[\s-])/)) {
    const wide = measure.measureText(word.trimEnd()).width;
    if (wide > left) { lines += Math.max(Math.ceil(wide / width), 1); left = width * Math.ceil(wide / width); }
    left -= measure.measureText(word).width;
  }
  return lines;
}

class List {
  constructor({ onOpen, onEnter }) {
    Object.assign(this, { onOpen, onEnter });
    this.element = $("stories");
    [this.shown, this.entries, this.unfolded, this.openId] = [[], [], new Set(), ""];
    this.list = new Virtual(this.element, { build: (index) => this.#item(index) });
    new ResizeObserver(() => this.#layOut()).observe(this.element);
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(stories, all) {
    this.shown = stories;
    this.#layOut();
    $("count").textContent = stories.length === all ? count(all, "story", "stories") : `${stories.length} of ${all}`;
  }

  #layOut() {
    this.entries = foldedEntries(this.shown, this.unfolded);
    const width = this.element.clientWidth - BESIDE;
    this.list.setHeights(this.entries.map(({ story, members, fold }) =>
      STORY + LINE * Math.min(linesOf(`${story.says} ${story.cause}`, width - (fold ? BELOW : 0)), LINES) + (members ? PAST_HEIGHT : 0)));
    this.#mark();
  }

  // The entry of the open story, which may be a fold.
  get index() {
    return this.entries.findIndex(({ story, members, isOpen }) =>
      (members ? !isOpen && members.some((each) => each.id === this.openId) : story.id === this.openId));
  }

  mark(id) {
    this.openId = id;
    this.list.refresh();
    if (this.index >= 0) this.list.reveal(this.index);
    this.#mark();
  }

  #mark() {
    if (this.index >= 0) this.element.setAttribute("aria-activedescendant", this.#id(this.entries[this.index]));
    else this.element.removeAttribute("aria-activedescendant");
  }

  #id({ story, members }) { return `${members ? "fold" : "story"}-${story.id}`; }

  step(by) {
    const steps = this.entries.filter(({ isOpen }) => !isOpen);
    const at = steps.indexOf(this.entries[this.index]);
    const next = steps[Math.min(Math.max(at + by, 0), steps.length - 1)];
    if (next && next !== steps[at]) this.onOpen(next.story);
  }

  fold(group, isOpen) {
    if (isOpen) this.unfolded.add(group); else this.unfolded.delete(group);
    this.#layOut();
    if (this.index >= 0) this.list.reveal(this.index);
  }

  #click(event) {
    const item = event.target.closest("[data-index]");
    if (!item) return;
    const { story, members, isOpen } = this.entries[item.dataset.index];
    const past = members?.find((each) => each.id === event.target.dataset.story);
    if (members && !past && event.target.closest(".twist")) { this.fold(story.group, !isOpen); return; }
    this.onOpen(past ?? story);
    this.onEnter({ byKey: false });
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const most = this.entries.length, page = this.list.page();
    const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -most, End: most }[event.key];
    if (move) this.step(move);
    else if (event.key === "ArrowLeft") this.#fold();
    else if (event.key === "ArrowRight" && this.entries[this.index]?.members) this.fold(this.entries[this.index].story.group, true);
    else if (event.key === "Enter" || event.key === "ArrowRight") this.#enter();
    else return;
    event.preventDefault();
  }

  #fold() {
    const { fold } = this.entries[this.index] ?? {};
    if (fold) this.fold(fold.story.group, false);
  }

  #enter() {
    if (this.index < 0) this.step(1);
    this.onEnter({ byKey: true });
  }

  #item(index) {
    const entry = this.entries[index], { story, members, isOpen, fold } = entry;
    const isSelected = index === this.index;
    const made = el("div", {
      id: this.#id(entry), role: "option", class: ["item", isSelected && "selected", fold && "below"].filter(Boolean).join(" "),
      "aria-selected": String(isSelected), "aria-posinset": index + 1, "aria-setsize": this.entries.length,
      "aria-label": this.#spoken(entry),
    },
    el("div", { class: "first" }, outcomeMark(story.outcome), el("span", { class: "label", text: story.title, title: story.title }),
      members ? el("span", { class: `twist ${isOpen ? "open" : "closed"}`, title: isOpen ? "Fold" : "Show each" }) : el("span", { class: "took", text: story.took })),
    el("div", { class: `second ${OUTCOMES[story.last] ? story.last : ""}` }, el("span", { class: "label", title: story.cause }, el("b", { text: story.says }), story.cause ? `  ${story.cause}` : "")),
    members ? pastOutcomes(entry) : null,
    el("div", { class: "third" }, el("span", { text: plainTime(story.began).slice(0, 19) }), el("span", { class: "label", text: story.namespace }),
      members ? el("span", { text: tally(entry) }) : this.#badge(story)));
    made.dataset.index = index;
    return made;
  }

  #badge({ warnings }) {
    return warnings ? el("span", { class: "badge", text: warnings.toLocaleString("en"), title: count(warnings, "warning") }) : null;
  }

  #spoken(entry) {
    const { story, members } = entry, warnings = story.warnings ? count(story.warnings, "warning") : "";
    const facts = [story.title, members && tally(entry), story.says, story.cause, story.namespace, plainTime(story.began), story.took, warnings];
    return facts.filter(Boolean).join(", ");
  }
}

// The parts put together: which story and span is looked at, and the link to it.

const COLOURS = 8;

class Page {
  constructor(data) {
    this.title = data.title;
    [this.stories, this.services, this.known, this.index] = [new Map(), new Map(), new Set(), 0];
    this.grid = new Grid({
      colour: (service) => this.colour(service),
      onSelect: () => this.#selected(), onZoom: (scale) => this.overview?.veil(scale), onOpen: (how) => this.openDetail(how),
    });
    this.overview = new Overview(this.grid);
    brushGrid(this.grid);
    this.detail = new Detail({
      onStep: (index) => this.#step(index), onClose: () => this.closeDetail(),
      onTrace: (id) => this.go(id, "") || say("That story is not on this page"),
    });
    this.list = new List({ onOpen: (story) => this.open(story), onEnter: (how) => this.#enter(how) });
    this.filter = new Filter(() => this.refilter());
    this.theme = new Theme(() => this.overview.draw());
    this.#buttons();
    this.#keys();
    addEventListener("hashchange", () => this.follow());
    $("title").textContent = data.title;
    this.take(data.stories);
  }

  colour(service) {
    if (!this.services.has(service)) this.services.set(service, this.services.size % COLOURS);
    return `service-${this.services.get(service)}`;
  }

  // -- stories

  take(stories) {
    for (const told of stories) this.stories.set(told.id, new Story(told, this.stories.get(told.id)));
    this.ordered = [...this.stories.values()].sort((a, b) => a.rank - b.rank || b.ms - a.ms || (a.id < b.id ? -1 : 1));
    for (const story of [...this.ordered].sort((a, b) => a.ms - b.ms)) story.services.forEach((service) => this.colour(service));
    this.filter.offer(this.ordered);
    this.#list();
    const now = this.openStory && this.stories.get(this.openStory.id);
    if (now && now !== this.openStory) this.#renew(now);
    else if (!this.openStory && [...this.known].every((id) => this.stories.has(id)) && !this.follow()) this.#first();
  }

  // Forget all but these.
  keep(ids) {
    this.known = ids;
    for (const id of this.stories.keys()) if (!ids.has(id)) this.stories.delete(id);
    this.take([]);
  }

  #list() { this.list.show(this.ordered.filter((story) => this.filter.keeps(story)), this.ordered.length); }

  refilter() {
    this.#list();
    if (this.openStory) this.grid.filter(this.#how());
    const { list, openStory } = this;
    if (list.shown.length && openStory && list.index < 0 && !isSingle.matches) this.open(list.shown[0]);
    this.#hits();
  }

  #hits() {
    const hits = this.openStory ? this.grid.found.size : 0;
    $("hits").textContent = hits ? count(hits, "row") : "";
    const text = this.stories.size ? "No story passes the filters." : "Nothing has happened yet.";
    $("nothing").hidden = this.list.shown.length > 0;
    $("nothing").textContent = text;
  }

  #how() { return { warningsOnly: this.filter.warningsOnly, words: this.filter.words }; }

  // The newest failure or, where all is well and the list has room beside it or no other, the newest story.
  #first() {
    const [first] = this.list.shown;
    if (first && (first.last === "failed" || !isSingle.matches || this.list.shown.length === 1)) this.open(first, { quietly: true });
    else this.#hits();
  }

  open(story, { quietly = false } = {}) {
    const opens = story.telling !== "" && isWide.matches && !this.isAlone;
    this.openStory = story;
    this.#head(story);
    if (!opens) this.detail.close(); // or it stays open, and the timeline as wide
    this.grid.show(story, this.#how());
    this.overview.draw();
    this.list.mark(story.id);
    this.#hits();
    if (!quietly) this.#link("");
    if (this.grid.go(story.telling)) this.#tell({ opens });
  }

  // Look at what tells why the story failed.
  #tell({ opens }) {
    const { story } = this.grid, { row, index } = story.find(story.telling);
    this.index = index;
    if (opens) this.detail.show(story, story.rows[row], index);
    this.grid.list.reveal(this.grid.selected);
  }

  // Go to what tells why the story failed, whatever is looked at.
  explain() {
    if (!this.grid.go(this.openStory.telling)) return;
    this.isAlone = false;
    this.#tell({ opens: true });
    this.#link(this.spanId);
  }

  // The open story has grown.
  #renew(story) {
    const id = this.spanId;
    this.openStory = story;
    this.#head(story);
    this.grid.show(story, this.#how());
    this.overview.draw();
    this.list.mark(story.id);
    this.#hits();
    const found = this.detail.isOpen && story.find(id);
    if (found && found.index !== this.index) this.#step(found.index);
  }

  #head(story) {
    document.body.classList.add("opened");
    document.title = `${OUTCOMES[story.last] ?? ""} ${story.title} – ${this.title}`;
    $("story-title").textContent = $("story-title").title = story.title;
    $("story-outcome").textContent = story.says;
    $("story-outcome").className = `chip ${OUTCOMES[story.last] ? story.last : ""}`;
    $("story-cause").textContent = story.cause;
    $("story-cause").className = $("story-outcome").className.replace("chip ", "");
    const facts = [story.took, story.namespace && `namespace ${story.namespace}`, plainTime(story.began), count(story.spans, "span"), story.warnings && count(story.warnings, "warning")];
    $("story-facts").textContent = facts.filter(Boolean).join("  ·  ");
  }

  // -- one span

  get spanId() { return this.grid.row?.spans[this.index]?.[0] ?? ""; }

  #selected() {
    this.index = Math.max((this.grid.row?.spans.length ?? 1) - 1, 0);
    this.#link(this.spanId);
    if (this.detail.isOpen && this.grid.row) this.detail.show(this.openStory, this.grid.row, this.index);
  }

  #step(index) {
    this.index = index;
    this.#link(this.spanId);
    this.detail.show(this.openStory, this.grid.row, index);
  }

  openDetail({ focus = false } = {}) {
    if (!this.grid.row) return;
    this.isAlone = false;
    this.detail.show(this.openStory, this.grid.row, this.index);
    this.grid.list.reveal(this.grid.selected);
    if (focus) this.detail.element.focus();
  }

  closeDetail() {
    this.isAlone = true; // the timeline, until a detail is asked for
    this.detail.close();
    this.grid.element.focus();
  }

  // -- the link

  #link(span) {
    const hash = `#trace=${this.openStory.id}${span ? `&span=${span}` : ""}`;
    history.replaceState(null, "", hash);
  }

  // Go where the address says; false where that is nowhere.
  follow() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    return this.go(wanted.get("trace") ?? "", wanted.get("span") ?? "");
  }

  go(trace, span) {
    const story = this.stories.get(trace);
    if (!story) return false;
    if (!this.filter.keeps(story)) { this.filter.clear(); this.#list(); }
    this.open(story);
    const found = span && this.grid.go(span);
    if (found) { this.#step(found.index); this.grid.list.reveal(this.grid.selected); }
    return true;
  }

  // -- what people do

  #enter({ byKey }) { if (byKey || isSingle.matches) this.grid.element.focus({ preventScroll: true }); }

  #buttons() {
    $("story-cause").addEventListener("click", () => this.explain());
    $("back").addEventListener("click", () => this.#back());
    $("help").addEventListener("click", () => $("keys").showModal());
    $("zoom-in").addEventListener("click", () => this.grid.zoom(0.5));
    $("zoom-out").addEventListener("click", () => this.grid.zoom(2));
    $("zoom-all").addEventListener("click", () => this.grid.zoomAll());
  }

  #back() {
    document.body.classList.remove("opened");
    this.list.list.refresh();
    $("stories").focus({ preventScroll: true });
  }

  #keys() {
    const keys = {
      "/": () => { $("search").focus(); $("search").select(); }, "?": () => $("keys").showModal(), t: () => this.theme.next(),
      w: () => this.filter.toggleWarnings(), n: () => this.grid.nextFound(1), N: () => this.grid.nextFound(-1),
      "[": () => this.list.step(-1), "]": () => this.list.step(1), "+": () => this.grid.zoom(0.5), "=": () => this.grid.zoom(0.5),
      "-": () => this.grid.zoom(2), 0: () => this.grid.zoomAll(),
    };
    listen({ keys, found: () => { this.grid.element.focus(); this.grid.nextFound(1); } }, (event) => this.#escape(event));
  }

  #escape(event) {
    if (event.target === $("search") || (this.filter.words.length && !this.detail.isOpen)) {
      $("search").value = "";
      this.refilter();
      this.grid.element.focus();
    } else if (this.detail.isOpen) this.closeDetail();
    else this.#back();
    event.preventDefault();
  }
}

const data = JSON.parse($("data").textContent);
const page = new Page(data);
if (data.live) follow({ onStories: (stories) => page.take(stories), onKnown: (ids) => page.keep(ids) });

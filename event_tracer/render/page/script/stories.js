// The list of stories.

const STORY = 74, CAUSE = 17; // pixels of one, and of the second line of its cause

class List {
  constructor({ onOpen, onEnter }) {
    Object.assign(this, { onOpen, onEnter });
    this.element = $("stories");
    [this.shown, this.openId] = [[], ""];
    this.list = new Virtual(this.element, { build: (index) => this.#item(index) });
    this.element.addEventListener("click", (event) => {
      const item = event.target.closest("[data-index]");
      if (item) { this.onOpen(this.shown[item.dataset.index]); this.onEnter({ byKey: false }); }
    });
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(stories, all) {
    this.shown = stories;
    this.list.setHeights(stories.map((story) => STORY + (story.cause ? CAUSE : 0)));
    $("count").textContent = stories.length === all ? count(all, "story", "stories") : `${stories.length} of ${all}`;
    this.#mark();
  }

  get index() { return this.shown.findIndex((story) => story.id === this.openId); }

  mark(id) {
    this.openId = id;
    this.list.refresh();
    if (this.index >= 0) this.list.reveal(this.index);
    this.#mark();
  }

  #mark() {
    if (this.index >= 0) this.element.setAttribute("aria-activedescendant", `story-${this.openId}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  step(by) {
    const next = this.shown[Math.min(Math.max(this.index + by, 0), this.shown.length - 1)];
    if (next && next.id !== this.openId) this.onOpen(next);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const most = this.shown.length, page = this.list.page();
    const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -most, End: most }[event.key];
    if (move) this.step(move);
    else if (event.key === "Enter" || event.key === "ArrowRight") this.#enter();
    else return;
    event.preventDefault();
  }

  #enter() {
    if (this.index < 0) this.step(1);
    this.onEnter({ byKey: true });
  }

  #item(index) {
    const story = this.shown[index], isOpen = story.id === this.openId;
    const made = el("div", {
      id: `story-${story.id}`, role: "option", class: `item ${isOpen ? "selected" : ""}`,
      "aria-selected": String(isOpen), "aria-posinset": index + 1, "aria-setsize": this.shown.length,
      "aria-label": this.#spoken(story),
    },
    el("div", { class: "first" }, outcomeMark(story.outcome), el("span", { class: "label", text: story.title, title: story.title }), el("span", { class: "took", text: story.took })),
    el("div", { class: `second ${OUTCOMES[story.last] ? story.last : ""}` }, el("span", { class: "label", text: story.cause || story.outcome, title: story.cause })),
    el("div", { class: "third" }, el("span", { text: plainTime(story.began).slice(0, 19) }), el("span", { class: "label", text: story.namespace }),
      story.warnings ? el("span", { class: "badge", text: story.warnings.toLocaleString("en"), title: count(story.warnings, "warning") }) : null));
    made.dataset.index = index;
    return made;
  }

  #spoken(story) {
    const warnings = story.warnings ? count(story.warnings, "warning") : "";
    return [story.title, story.outcome, story.cause, story.namespace, plainTime(story.began), story.took, warnings].filter(Boolean).join(", ");
  }
}

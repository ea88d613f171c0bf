// All that is known of one span.

const MESSAGES_OF = new Set(["k8s.event.message", "event_tracer.transition.message"]);

class Detail {
  constructor({ onStep, onClose, onTrace }) {
    Object.assign(this, { onStep, onClose, onTrace });
    this.element = $("detail");
  }

  get isOpen() { return !this.element.hidden; }

  close() { this.element.hidden = true; document.body.classList.remove("detailed"); }

  // Show occurrence `index` of a row.
  show(story, row, index) {
    const span = story.span(row, index);
    const wasOpen = new Set([...this.element.querySelectorAll("details[open]")].map((each) => each.className));
    this.element.replaceChildren(
      this.#head(story, row), this.#steps(story, row, index), this.#messages(span), this.#commands(row),
      this.#facts(story, row, span), this.#table("Attributes", span.attributes), this.#event(story, span),
      this.#table("Resource", span.resource, { folded: true }));
    for (const each of this.element.querySelectorAll("details")) each.open ||= wasOpen.has(each.className);
    this.element.hidden = false;
    this.element.scrollTop = 0;
    document.body.classList.add("detailed");
  }

  #head(story, row) {
    return el("header", {},
      row.outcome ? outcomeMark(row.outcome) : null,
      el("h2", { text: story.name(row) }),
      copyButton("link", () => location.href),
      el("button", { type: "button", class: "icon", "aria-label": "Close", title: "Close (Esc)", text: "×", on: { click: () => this.onClose() } }));
  }

  // A row of what came back: one of its occurrences at a time.
  #steps(story, row, index) {
    const most = row.spans.length;
    if (most < 2 && row.first === undefined && row.since === undefined) return document.createTextNode("");
    const button = (text, label, to) => el("button", {
      type: "button", class: "icon", text, "aria-label": label, disabled: to < 0 || to >= most, on: { click: () => this.onStep(to) },
    });
    return el("div", { class: "steps", role: "group", "aria-label": "Occurrences" },
      button("‹", "Occurrence before", index - 1), el("span", { text: `${index + 1} of ${most} seen` }),
      button("›", "Occurrence after", index + 1), story.note(row) ? el("span", { class: "repeats", text: story.note(row) }) : null);
  }

  #messages(span) {
    const told = span.attributes.find(([key]) => MESSAGES_OF.has(key));
    const text = told ? told[1] : span.error;
    return text ? el("p", { class: `message ${span.error ? "error" : ""}`, text }) : document.createTextNode("");
  }

  #facts(story, row, span) {
    const took = elapsed(span.end - span.start), at = elapsed(row.outcome ? span.start : span.end);
    const facts = [
      ["Service", story.service(row)], ["Outcome", row.outcome], ["Took", took ? human(took) : "an instant"],
      ["At", at ? `+${human(at)}` : "+0"], ["Story began", plainTime(story.start)],
      ["Trace", story.id], ["Span", span.id],
    ];
    return el("dl", { class: "facts" }, ...facts.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", { text: key }), el("dd", { text: value })]));
  }

  #commands(row) {
    if (!row.commands) return document.createTextNode("");
    const line = (command) => el("div", { class: "command" }, el("code", {}, ...breaking(command)), copyButton(command, () => command));
    return el("section", {}, el("h3", { text: "kubectl" }), ...row.commands.map(line));
  }

  #table(title, pairs, { folded = false } = {}) {
    const whole = () => JSON.stringify(Object.fromEntries(pairs), null, 2);
    const rows = pairs.map(([key, value]) => el("tr", {}, el("th", { scope: "row" }, ...breaking(key)), el("td", {}, this.#value(key, value))));
    return el("details", { class: title.toLowerCase(), open: !folded },
      el("summary", {}, el("h3", { text: title }), el("small", { text: String(pairs.length) })),
      copyButton(`${title.toLowerCase()} as JSON`, whole), el("table", {}, el("tbody", {}, ...rows)));
  }

  #value(key, value) {
    if (key !== "event_tracer.previous_trace_id") return value;
    return el("button", { type: "button", class: "link", text: value, on: { click: () => this.onTrace(value) } });
  }

  #event(story, span) {
    const raw = story.event(span);
    if (!raw) return document.createTextNode("");
    const text = JSON.stringify(raw, null, 2);
    return el("details", { class: "raw" }, el("summary", {}, el("h3", { text: "Event" }), el("small", { text: "its last state, raw" })),
      copyButton("the raw Event", () => text), el("pre", { text, tabindex: "0", "aria-label": "Raw Event" }));
  }
}

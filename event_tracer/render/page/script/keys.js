// Keys that work everywhere, and the theme.

const THEMES = { auto: "◐", light: "☀", dark: "☾" };

class Theme {
  constructor(onChange) {
    this.onChange = onChange;
    this.set(this.#stored());
    $("theme").addEventListener("click", () => this.next());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  }

  // A page from a mail may have no storage.
  #stored() {
    try { return localStorage.getItem("event-tracer.theme") ?? "auto"; } catch { return "auto"; }
  }

  set(name) {
    this.name = name in THEMES ? name : "auto";
    document.documentElement.dataset.theme = this.name;
    const text = `Theme: ${this.name === "auto" ? "as the system is" : this.name}`;
    $("theme").textContent = THEMES[this.name];
    $("theme").setAttribute("aria-label", text);
    $("theme").title = `${text} (t)`;
    this.onChange();
  }

  next() {
    const names = Object.keys(THEMES), next = names[(names.indexOf(this.name) + 1) % names.length];
    try { localStorage.setItem("event-tracer.theme", next); } catch { /* it lasts as long as the page */ }
    this.set(next);
  }
}

const isTyping = (target) => target.closest("input[type=search], select, textarea") !== null;

// `acts` by key.
function listen(acts, onEscape) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.key === "Escape") { onEscape(event); return; }
    if (event.key === "Enter" && event.target === $("search")) { event.preventDefault(); acts.found(); return; }
    const act = !isTyping(event.target) && Object.hasOwn(acts.keys, event.key) && acts.keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

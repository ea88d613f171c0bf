// Which stories are listed.

const FILTERS = {
  namespace: ["namespaces", "Namespace", (value) => value || "(cluster)"],
  kind: ["kinds", "Kind", (value) => value],
  service: ["services", "Service", (value) => value],
  outcome: ["last", "Outcome", (value) => value || "(none)"],
};

class Filter {
  constructor(onChange) {
    for (const name of Object.keys(FILTERS)) $(`filter-${name}`).addEventListener("change", onChange);
    $("filter-warnings").addEventListener("change", onChange);
    $("search").addEventListener("input", onChange);
  }

  // What is searched for: words, and "several in quotes" as one.
  get words() {
    const found = $("search").value.toLowerCase().matchAll(/"([^"]+)"?|[^\s"]+/g);
    return [...found].map(([whole, quoted]) => quoted ?? whole);
  }

  get warningsOnly() { return $("filter-warnings").checked; }

  toggleWarnings() { $("filter-warnings").click(); }

  // Offer what there is.
  offer(stories) {
    for (const [name, [field, all, label]] of Object.entries(FILTERS)) {
      const values = new Set(stories.flatMap((story) => story[field]));
      const select = $(`filter-${name}`), before = select.value;
      const options = [...values].sort().map((value) => el("option", { value: `=${value}`, text: label(value) }));
      select.replaceChildren(el("option", { value: "", text: all }), ...options);
      select.value = options.some((option) => option.value === before) ? before : "";
      select.classList.toggle("on", select.value !== "");
    }
  }

  keeps(story) {
    for (const [name, [field]] of Object.entries(FILTERS)) {
      const select = $(`filter-${name}`), value = select.value;
      select.classList.toggle("on", value !== "");
      if (value && ![story[field]].flat().includes(value.slice(1))) return false;
    }
    if (this.warningsOnly && !story.warnings) return false;
    return story.has(this.words);
  }

  clear() {
    for (const name of Object.keys(FILTERS)) $(`filter-${name}`).value = "";
    $("filter-warnings").checked = false;
    $("search").value = "";
  }
}

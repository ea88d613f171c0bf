// One story as Python tells it: its rows, its spans, and which rows are shown.

const SAID = new Set(["k8s.event.message", "event_tracer.transition.message", "k8s.node.name", "container.image.name", "k8s.event.uid", "k8s.object.uid"]);

class Story {
  constructor(told, before) {
    Object.assign(this, told);
    this.last = lastWord(this.outcome);
    this.closed = before ? before.closed : new Set(); // ids of the spans of closed rows
    this.parents = this.#parents();
  }

  #parents() {
    const path = [];
    return this.rows.map((row, index) => {
      path.length = row.depth ?? 0;
      const parent = path.length ? path[path.length - 1] : -1;
      path.push(index);
      return parent;
    });
  }

  text(number) { return this.texts[number]; }

  name(row) { return this.texts[row.name]; }

  service(row) { return this.texts[row.service]; }

  // What errors said that the row's name does not tell.
  lines(row) { return (row.lines ?? []).map((number) => this.texts[number]); }

  // How often and since when, ready pods and exit codes.
  note(row) {
    const since = row.since === undefined ? "" : `since ${clock(row.since, this.ms)}`;
    return [row.repeats, since].filter(Boolean).join(" ");
  }

  // Key and value, key and value.
  pairs(numbers) {
    const found = [];
    for (let at = 0; at < numbers.length; at += 2) found.push([this.texts[numbers[at]], this.texts[numbers[at + 1]]]);
    return found;
  }

  span(row, index) {
    const [id, start, end, resource, attributes, error] = row.spans[index];
    return {
      id, start, end, attributes: this.pairs(attributes), resource: this.pairs(this.resources[resource]),
      error: error < 0 ? "" : this.texts[error],
    };
  }

  event(span) {
    const uid = span.attributes.find(([key]) => key === "k8s.event.uid");
    return uid && Object.hasOwn(this.events, uid[1]) ? this.events[uid[1]] : null;
  }

  // Where the span of this id is: row and number in it.
  find(id) {
    for (const [row, each] of this.rows.entries()) {
      const index = each.spans.findIndex((span) => span[0] === id);
      if (index >= 0) return { row, index };
    }
    return null;
  }

  hasChildren(row) {
    const next = this.rows[row + 1];
    return Boolean(next) && (next.depth ?? 0) > (this.rows[row].depth ?? 0);
  }

  isOpen(row) { return !this.closed.has(this.rows[row].spans[0][0]); }

  setOpen(row, isOpen) {
    const id = this.rows[row].spans[0][0];
    if (isOpen) this.closed.delete(id); else this.closed.add(id);
  }

  reveal(row) {
    for (let at = this.parents[row]; at >= 0; at = this.parents[at]) this.setOpen(at, true);
  }

  // The rows to show, in order.
  shown(warningsOnly) {
    const wanted = warningsOnly ? this.#warned() : null;
    const hidden = new Array(this.rows.length).fill(false);
    return this.rows.map((_, row) => row).filter((row) => {
      const parent = this.parents[row];
      hidden[row] = parent >= 0 && (hidden[parent] || !this.isOpen(parent));
      return !hidden[row] && (!wanted || wanted.has(row));
    });
  }

  #warned() {
    const wanted = new Set();
    for (const [row, each] of this.rows.entries()) {
      if (!each.messages) continue;
      for (let at = row; at >= 0 && !wanted.has(at); at = this.parents[at]) wanted.add(at);
    }
    return wanted;
  }

  // Whether it says all of the words, wherever: its namespace may say one and a message another.
  has(words) {
    if (!words.length) return true;
    this.hay ??= [...this.#values()].map((number) => this.texts[number])
      .concat(this.title, this.says, this.cause, this.namespaces, this.id).join("\n").toLowerCase();
    return words.every((word) => this.hay.includes(word));
  }

  // The numbers of the texts that are said, which the names of attributes are not.
  #values() {
    const said = new Set();
    for (const row of this.rows) {
      for (const number of [row.name, row.service, ...(row.messages ?? [])]) said.add(number);
      for (const [, , , , pairs] of row.spans) for (let at = 1; at < pairs.length; at += 2) said.add(pairs[at]);
    }
    return said;
  }

  // The rows that say one of the words themselves, and with the rows above and the namespace all.
  matching(words) {
    const found = new Set(), said = words.map((word) => this.#sayers(word));
    const namespaces = this.namespaces.join("\n").toLowerCase();
    const isCovered = words.map((word, which) => this.#withBelow(said[which], namespaces.includes(word)));
    for (const row of this.rows.keys()) {
      if (said.some((rows) => rows[row]) && isCovered.every((rows) => rows[row])) found.add(row);
    }
    return found;
  }

  // Of each row whether it says a word itself; the names above it are on every span.
  #sayers(word) {
    const said = this.texts.map((text) => text.toLowerCase().includes(word));
    return this.rows.map(({ name, service, messages, spans }) =>
      [name, service, ...(messages ?? [])].some((number) => said[number]) || spans.some((span) => this.#says(span, said, word)));
  }

  #withBelow(rows, isEverywhere) {
    const covered = [];
    for (const [row, isSaid] of rows.entries()) covered.push(isEverywhere || isSaid || Boolean(covered[this.parents[row]]));
    return covered;
  }

  #says([id, , , , attributes], said, word) {
    for (let at = 0; at < attributes.length; at += 2) {
      if (said[attributes[at + 1]] && SAID.has(this.texts[attributes[at]])) return true;
    }
    return id === word;
  }
}

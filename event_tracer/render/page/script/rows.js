// One row of the timeline.

const ROOMY = { row: 27, message: 19 }, NARROW = { row: 50, message: 19 }; // pixels
const MESSAGES = 3;
const INDENT = 16, MARGINS = 46; // pixels of a level, and beside a message
const ENDS = 0.55; // of a line, for the end of a message that is longer
const FINE = new Set(["complete", "started"]); // outcomes that a row needs no mark for
const isNarrow = matchMedia("(max-width: 760px)");
const isSingle = matchMedia("(max-width: 900px)"); // has room for one of them
const isWide = matchMedia("(min-width: 1181px)"); // has room for list, timeline and detail

const sizes = () => (isNarrow.matches ? NARROW : ROOMY);

function rowHeight(row) {
  const told = row.lines?.length ?? 0;
  return sizes().row + sizes().message * Math.min(told, MESSAGES + (told > MESSAGES ? 1 : 0));
}

function messagesOf(story, row) {
  const messages = story.lines(row), hidden = messages.length - MESSAGES;
  const more = hidden > 0 ? [`and ${hidden} earlier messages`] : [];
  return [...messages.slice(-MESSAGES), ...more];
}

// One line of a message; one that is too long keeps its end, where Go's errors have their cause.
function messageLine(text, width) {
  const wide = pen("12px").measureText(text).width, end = Math.floor((text.length * width * ENDS) / wide);
  if (wide <= width || end >= text.length) return el("p", { text, title: text });
  const word = text.indexOf(" ", text.length - end), at = word < 0 || text.length - word < end / 2 ? text.length - end : word;
  return el("p", { class: "cut", title: text }, el("span", { class: "begin", text: text.slice(0, at) }), el("span", { class: "end", text: text.slice(at) }));
}

function rowElement(grid, index) {
  const number = grid.shown[index], row = grid.story.rows[number];
  const isSelected = index === grid.selected;
  const made = el("div", {
    id: `row-${number}`, role: "row", class: rowClass(grid, row, number, isSelected),
    "aria-level": (row.depth ?? 0) + 1, "aria-rowindex": index + 2, "aria-selected": String(isSelected),
    "aria-expanded": grid.story.hasChildren(number) ? String(grid.story.isOpen(number)) : undefined,
  }, ...cells(grid, row, number));
  made.dataset.index = index;
  return made;
}

function rowClass(grid, row, number, isSelected) {
  const marks = { warning: row.messages, object: row.outcome, timed: row.took, selected: isSelected, found: grid.found.has(number) };
  return ["row", ...Object.keys(marks).filter((name) => marks[name])].join(" ");
}

function cells(grid, row, number) {
  const service = grid.story.service(row);
  return [
    nameCell(grid, row, number),
    el("div", { role: "gridcell", class: "service", title: service }, el("b", { class: grid.colour(service) }), el("span", { text: service })),
    el("div", { role: "gridcell", class: `time ${grid.colour(service)}`, "aria-label": spoken(grid.story, row) }, ...bars(row, grid.scale)),
    el("div", { role: "gridcell", class: "at", text: row.at }),
    el("div", { role: "gridcell", class: "took", text: row.took ?? "" }),
  ];
}

function spoken(story, row) {
  return [row.at, row.took && `${row.waits ? "after" : "took"} ${row.took}`, story.note(row), row.outcome, row.messages && "warning"].filter(Boolean).join(", ");
}

function nameCell(grid, row, number) {
  const { story } = grid, name = story.name(row), note = story.note(row);
  const room = grid.width - INDENT * (row.depth ?? 0) - MARGINS;
  const cell = el("div", { role: "gridcell", class: "name", title: note ? `${name}  ${note}` : name },
    el("span", { class: `twist ${story.hasChildren(number) ? (story.isOpen(number) ? "open" : "closed") : ""}`, "aria-hidden": "true" }),
    row.outcome && !FINE.has(lastWord(row.outcome)) ? outcomeMark(row.outcome) : null,
    el("span", { class: "label", text: name }),
    note ? el("span", { class: "repeats", text: note }) : null,
    row.lines ? el("div", { class: "messages" }, ...messagesOf(story, row).map((text) => messageLine(text, room))) : null);
  cell.style.setProperty("--depth", row.depth ?? 0);
  return cell;
}

const [SANS, MONO] = ["--sans", "--mono"].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name));
const canvas = el("canvas").getContext("2d");

// Measures text of that size, the page's own where none is given.
function pen(size = isNarrow.matches ? "14px" : "13px", family = SANS) {
  canvas.font = `${size} ${family}`;
  return canvas;
}

const serviceWidth = (story) => Math.max(...story.services.map((service) => pen().measureText(service).width + 26));

// The pixels that the longest names take.
function nameWidth(story) {
  const measure = pen();
  const length = (row) => 2 * (row.depth ?? 0) + story.name(row).length + story.note(row).length;
  const longest = [...story.rows].sort((a, b) => length(b) - length(a)).slice(0, 40);
  const names = longest.map((row) => INDENT * (row.depth ?? 0) + measure.measureText(story.name(row)).width + 58);
  const figures = pen("12px", MONO); // a canvas has one font at a time
  return Math.max(...longest.map((row, number) => names[number] + figures.measureText(story.note(row)).width + 6));
}

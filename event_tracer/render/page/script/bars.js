// What is drawn of a row on the timeline.

const LEAST = 3; // pixels of a step that took time
const APART = 2; // pixels between instants

function bars(row, scale) {
  return row.outcome ? [extent(row, scale), ...later(row, scale)] : [...waits(row, scale), ...untold(row, scale), ...occurrences(row, scale)];
}

function redrawBars(element, row, scale) {
  element.querySelector(".time").replaceChildren(...bars(row, scale));
}

function place(mark, left, width) {
  mark.style.setProperty("left", `${left}px`);
  if (width !== undefined) mark.style.setProperty("width", `${width}px`);
  return mark;
}

function extent(row, scale) {
  const [, start, end] = row.spans[0];
  const left = clamped(scale.x(start), scale), right = clamped(scale.x(end), scale);
  const isOut = end < scale.from || start > scale.to;
  return place(el("i", { class: `extent ${lastWord(row.outcome)}`, hidden: isOut }), left, Math.max(right - left, LEAST));
}

// What came under an object after its span's end.
function later(row, scale) {
  const [, , end] = row.spans[0];
  if (row.later === undefined || row.later < scale.from || end > scale.to) return [];
  const left = clamped(scale.x(end), scale);
  return [place(el("i", { class: `later ${lastWord(row.outcome)}` }), left, clamped(scale.x(row.later), scale) - left)];
}

const clamped = (x, scale) => Math.min(Math.max(x, -4), scale.width + 4);

function untold(row, scale) {
  if (row.first === undefined || row.first < scale.from || row.first > scale.to) return [];
  return [place(el("i", { class: "untold" }), scale.x(row.first))];
}

// What was waited before an occurrence, in a shade of its own.
function waits(row, scale) {
  return (row.waits ?? []).filter(([start, end]) => end >= scale.from && start <= scale.to).map(([start, end]) => {
    const left = clamped(scale.x(start), scale);
    return place(el("i", { class: "wait" }), left, clamped(scale.x(end), scale) - left);
  });
}

// Marks that nobody could tell apart are one mark: a thousand repeats cost no more than the line has room.
function occurrences(row, scale) {
  const marks = [], drawn = new Set();
  for (const [, start, end] of row.spans) {
    if (end < scale.from || start > scale.to) continue;
    const isInstant = end - start <= MICROSECOND;
    const left = isInstant ? scale.x(end) : clamped(scale.x(start), scale);
    const width = isInstant ? undefined : Math.max(clamped(scale.x(end), scale) - left, LEAST);
    const key = isInstant ? Math.round(left / APART) : `${Math.round(left)} ${Math.round(width)}`;
    if (drawn.has(key)) continue;
    drawn.add(key);
    marks.push(place(el("i", { class: isInstant ? "instant" : "step" }), left, width));
  }
  return marks;
}

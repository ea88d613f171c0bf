// Elements, times for people, the clipboard.

const $ = (id) => document.getElementById(id);

// Text from a cluster is only ever text: nothing here reads markup.
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name === "on") for (const [type, act] of Object.entries(value)) made.addEventListener(type, act);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

// Text that breaks after these marks and, where it must, nowhere else.
const breaking = (text) => text.split(/(?<=[._,=/])/).flatMap((part) => [part, el("wbr")]);

const MICROSECOND = 1e3, SECOND = 1e9;

// A duration in ns as far as it is known, 0 for an instant: times of one whole second stand in their
// order by whole microseconds, which nobody measured.
const elapsed = (duration) => (duration < 1000 * MICROSECOND && duration % MICROSECOND === 0 ? 0 : duration);

// As event_tracer/core/times.py has it.
function human(duration) {
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
    if (size - Math.floor(size / 2000) > duration || duration >= 60 * SECOND) continue;
    const number = duration / size;
    const digits = number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
    return (digits ? String(Number(number.toFixed(digits))) : number.toFixed(0)) + unit;
  }
  const seconds = Math.floor(Math.max(duration, 0) / SECOND);
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60, rest = seconds % 60;
  if (days) return hours ? `${days}d${hours}h` : `${days}d`;
  if (hours) return minutes ? `${hours}h${two(minutes)}m` : `${hours}h`;
  if (minutes) return rest ? `${minutes}m${two(rest)}s` : `${minutes}m`;
  return `${Math.max(Math.round(duration), 0)}ns`;
}

// RFC 3339 in UTC → the same for people.
const plainTime = (text) => text.replace("T", " ").replace("Z", " UTC");

// A time in ms since 1970 beside a story that began at another: the day only where that differs.
function clock(ms, beside) {
  const [day, time] = new Date(ms).toISOString().slice(0, 19).split("T");
  return new Date(beside).toISOString().startsWith(day) ? time : `${day} ${time}`;
}

function count(number, noun, nouns = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : nouns}`;
}

function say(text) {
  $("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, 1500);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyOldWay(text); // a page over plain HTTP has no clipboard of its own
  }
  say("Copied");
}

function copyOldWay(text) {
  const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function copyButton(what, text) {
  const attributes = { type: "button", class: "copy", "aria-label": `Copy ${what}`, title: `Copy ${what}` };
  return el("button", { ...attributes, text: "Copy", on: { click: () => copy(text()) } });
}

const OUTCOMES = { complete: "✓", failed: "✕", progressing: "…", superseded: "…", started: "•" };

// How it stands in the end: "failed" of "complete, then failed".
const lastWord = (outcome) => (outcome ?? "").split(" ").at(-1);

function outcomeMark(outcome) {
  const word = lastWord(outcome);
  return el("span", { class: `outcome ${OUTCOMES[word] ? word : ""}`, "aria-hidden": "true", text: OUTCOMES[word] ?? "•" });
}

// Stories as they happen: the server sends each whole whenever it has changed.

const GATHER = 60, RETRY = 3000; // milliseconds

function follow({ onStories, onKnown }) {
  const source = new EventSource("events"), waiting = new Map();
  const state = (text, name) => { $("connection").textContent = text; $("connection").className = name; };
  let timer = null;
  const flush = () => {
    timer = null;
    const stories = [...waiting.values()];
    waiting.clear();
    onStories(stories);
  };
  source.addEventListener("open", () => state("live", "live"));
  source.addEventListener("error", () => {
    const isOver = source.readyState === EventSource.CLOSED;
    state("reconnecting …", "lost");
    if (isOver) setTimeout(() => follow({ onStories, onKnown }), RETRY);
  });
  source.addEventListener("known", (event) => onKnown(new Set(JSON.parse(event.data))));
  source.addEventListener("story", (event) => {
    const story = JSON.parse(event.data);
    waiting.set(story.id, story);
    timer ??= setTimeout(flush, GATHER);
  });
}

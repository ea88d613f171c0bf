// Stories as they happen: the server sends each whole whenever it has changed.

function follow({ onStories, onKnown }) {
  const source = new EventSource("events");
  const state = (text, name) => { $("connection").textContent = text; $("connection").className = name; };
  source.addEventListener("open", () => state("live", "live"));
  source.addEventListener("error", () => {
    state(source.readyState === EventSource.CLOSED ? "disconnected" : "reconnecting …", "lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow({ onStories, onKnown }), 3000);
  });
  source.addEventListener("known", (event) => onKnown(new Set(JSON.parse(event.data))));
  source.addEventListener("story", (event) => onStories([JSON.parse(event.data)]));
}

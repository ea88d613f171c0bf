// Dragging over the time to zoom, in the timeline and in the overview.

const DRAG = 4; // pixels; less is a click

// `within(event)` tells whether the time is meant; `left()` is where it begins in the window;
// `time(x)` is that at a pixel of it.
class Brush {
  constructor(element, { within, left, time, onDrag, onZoom }) {
    Object.assign(this, { element, within, left, time, onDrag, onZoom });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", () => this.#end());
    element.addEventListener("click", (event) => this.#click(event), true);
  }

  #down(event) {
    if (event.button || !this.within(event)) return;
    [this.from, this.isDragged] = [event.clientX - this.left(), false];
  }

  #move(event) {
    if (this.from === undefined) return;
    const x = event.clientX - this.left();
    if (!this.isDragged && Math.abs(x - this.from) < DRAG) return;
    if (!this.isDragged) this.element.setPointerCapture(event.pointerId);
    this.isDragged = true;
    this.onDrag(Math.min(this.from, x), Math.max(this.from, x));
  }

  #up(event) {
    if (this.isDragged) {
      const x = event.clientX - this.left();
      this.wasDragged = true;
      this.onZoom(this.time(Math.min(this.from, x)), this.time(Math.max(this.from, x)));
    }
    this.#end();
  }

  #end() {
    [this.from, this.isDragged] = [undefined, false];
    this.onDrag(0, 0);
  }

  // The click that ends a drag selects nothing.
  #click(event) {
    if (this.wasDragged) event.stopPropagation();
    this.wasDragged = false;
  }
}

function brushGrid(grid) {
  const { element } = grid, left = () => $("axis").getBoundingClientRect().left;
  const shade = $("brush");
  const brush = new Brush(element, {
    left, time: (x) => grid.scale.time(x), onZoom: (from, to) => grid.zoomTo(from, to),
    within: (event) => event.target.closest(".time") && !event.target.closest(".messages"),
    onDrag: (from, to) => {
      shade.hidden = from === to;
      const offset = left() - element.getBoundingClientRect().left;
      place(shade, offset + from, to - from).style.setProperty("top", `${element.scrollTop}px`);
    },
  });
  element.addEventListener("dblclick", (event) => { if (brush.within(event)) grid.zoomAll(); });
  element.addEventListener("wheel", (event) => wheel(grid, event, left()), { passive: false });
}

function wheel(grid, event, left) {
  const isAside = event.shiftKey ? event.deltaY : Math.abs(event.deltaX) > Math.abs(event.deltaY) && event.deltaX;
  if (event.ctrlKey || event.metaKey) grid.zoom(Math.exp(event.deltaY / 300), grid.scale.time(event.clientX - left));
  else if (isAside && !grid.scale.isAll) grid.pan(isAside / grid.scale.width);
  else return;
  event.preventDefault();
}

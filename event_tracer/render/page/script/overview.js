// The whole story in a strip, and which part of it the timeline shows.

class Overview {
  constructor(grid) {
    this.grid = grid;
    this.element = $("overview");
    this.canvas = this.element.querySelector("canvas");
    [this.before, this.after] = this.element.querySelectorAll(".veil");
    new ResizeObserver(() => this.draw()).observe(this.element);
    const left = () => this.element.getBoundingClientRect().left;
    new Brush(this.element, {
      left, within: () => Boolean(this.grid.story), time: (x) => this.#whole().time(x),
      onZoom: (from, to) => this.grid.zoomTo(from, to), onDrag: (from, to) => this.#drag(from, to),
    });
    this.element.addEventListener("dblclick", () => this.grid.zoomAll());
  }

  #whole() {
    const scale = new Scale(this.grid.story.length);
    scale.width = this.element.clientWidth;
    return scale;
  }

  draw() {
    const { story } = this.grid, { clientWidth: width, clientHeight: height } = this.element;
    if (!story || !width) return;
    const ratio = devicePixelRatio || 1, pen = this.canvas.getContext("2d");
    [this.canvas.width, this.canvas.height] = [width * ratio, height * ratio];
    pen.scale(ratio, ratio);
    this.#rows(pen, story, this.#whole(), height);
    this.veil(this.grid.scale);
  }

  #rows(pen, story, scale, height) {
    const style = getComputedStyle(this.element), step = (height - 8) / story.rows.length;
    const [calm, red] = [style.color, getComputedStyle(this.before).color];
    const thick = Math.min(Math.max(step - 1, 1.5), 3);
    for (const [number, row] of story.rows.entries()) {
      pen.fillStyle = row.messages ? red : calm;
      pen.globalAlpha = row.outcome ? 0.28 : 0.85;
      for (const [, start, end] of row.spans) {
        const left = scale.x(start), width = Math.max(scale.x(end) - left, 2.5);
        pen.fillRect(left, 4 + number * step, width, thick);
      }
    }
  }

  // Cover what the timeline does not show.
  veil(scale) {
    if (!this.grid.story) return;
    const whole = this.#whole();
    this.#cover(scale.isAll ? 0 : whole.x(scale.from), scale.isAll ? whole.width : whole.x(scale.to));
  }

  #cover(from, to) {
    place(this.before, 0, Math.max(from, 0));
    place(this.after, to, Math.max(this.element.clientWidth - to, 0));
  }

  #drag(from, to) {
    if (from === to) this.veil(this.grid.scale); else this.#cover(from, to);
  }
}

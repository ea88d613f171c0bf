// A list of which only what is in view is in the document.

const BEYOND = 6; // items drawn above and below what is seen

class Virtual {
  // `build(index)` makes an item's element; `head` pixels at the top are covered.
  constructor(scroller, { build, head = () => 0 }) {
    this.scroller = scroller;
    this.canvas = scroller.querySelector(".canvas");
    this.build = build;
    this.head = head;
    this.drawn = new Map();
    this.tops = [0];
    scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(scroller);
  }

  get length() { return this.tops.length - 1; }

  setHeights(heights) {
    this.tops = [0];
    for (const height of heights) this.tops.push(this.tops[this.tops.length - 1] + height);
    this.canvas.style.setProperty("height", `${this.tops[this.length]}px`);
    this.refresh();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  // Draw anew what is in view.
  refresh() {
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.draw();
  }

  draw() {
    const [first, last] = this.inView();
    for (const [index, element] of this.drawn) {
      if (index >= first && index < last) continue;
      element.remove();
      this.drawn.delete(index);
    }
    for (let index = first; index < last; index++) if (!this.drawn.has(index)) this.#add(index);
  }

  inView() {
    const top = this.scroller.scrollTop, bottom = top + this.scroller.clientHeight;
    const first = Math.max(this.at(top) - BEYOND, 0);
    return [first, Math.min(this.at(bottom) + 1 + BEYOND, this.length)];
  }

  // The item at so many pixels from the top.
  at(pixels) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= pixels) low = middle + 1; else high = middle;
    }
    return low;
  }

  #add(index) {
    const element = this.build(index);
    element.style.setProperty("transform", `translateY(${this.tops[index]}px)`);
    element.style.setProperty("height", `${this.tops[index + 1] - this.tops[index]}px`);
    this.drawn.set(index, element);
    this.canvas.append(element);
  }

  each(act) { for (const [index, element] of this.drawn) act(index, element); }

  update(index) {
    const element = this.drawn.get(index);
    if (!element) return;
    element.remove();
    this.#add(index);
  }

  reveal(index) {
    const { scroller } = this, room = scroller.clientHeight - this.head();
    const top = this.tops[index], bottom = this.tops[index + 1];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + room) {
      const above = this.at(bottom - room - 1) + 1; // the first item that is seen whole
      scroller.scrollTop = Math.min(this.tops[above], top);
    }
    this.draw();
  }

  page() { return Math.max(Math.floor((this.scroller.clientHeight - this.head()) / (this.tops[this.length] / this.length)) - 1, 1); }
}

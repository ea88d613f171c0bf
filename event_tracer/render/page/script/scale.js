// Time to pixels, and round times between.

const STEPS = [
  ...[3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((figure) => figure * 10 ** power)),
  ...[1, 2, 5, 10, 15, 30].map((figure) => figure * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((figure) => figure * 60 * SECOND),
  ...[1, 2, 3, 6, 12, 24, 48, 96, 192].map((figure) => figure * 3600 * SECOND),
];
const LABEL = 90; // pixels from one label to the next, at least
const EDGE = 8; // pixels, so that an instant at either end is seen whole
const NARROWEST = MICROSECOND; // ns

class Scale {
  constructor(length) {
    this.length = Math.max(length, NARROWEST);
    this.width = 1;
    this.all();
  }

  all() { [this.from, this.to] = [0, this.length]; }

  get isAll() { return this.from === 0 && this.to === this.length; }

  get #pixels() { return Math.max(this.width - 2 * EDGE, 1); }

  x(time) { return EDGE + ((time - this.from) / (this.to - this.from)) * this.#pixels; }

  time(x) { return this.from + ((x - EDGE) / this.#pixels) * (this.to - this.from); }

  // Show from one time to another, both within the story.
  show(from, to) {
    const span = Math.min(Math.max(to - from, NARROWEST), this.length);
    this.from = Math.min(Math.max(from, 0), this.length - span);
    this.to = this.from + span;
  }

  // By `factor`, the time `around` staying where it is.
  zoom(factor, around = (this.from + this.to) / 2) {
    this.show(around - (around - this.from) * factor, around + (this.to - around) * factor);
    if (this.to - this.from >= this.length) this.all();
  }

  pan(share) {
    const by = (this.to - this.from) * share;
    this.show(this.from + by, this.to + by);
  }

  ticks() {
    const span = this.to - this.from;
    const step = STEPS.find((each) => (each / span) * this.width >= LABEL) ?? STEPS[STEPS.length - 1];
    const found = [];
    for (let time = Math.ceil(this.from / step) * step; time <= this.to && found.length < 100; time += step) found.push(time);
    return found;
  }
}

// Draws what has arrived, growing from the left; what has been heard is in the accent colour.

const BLOCKS_PER_S = 100; // stored peaks
const BAR = 3; // CSS pixels, gap included
const LEAST_S = 4; // seconds that the width stands for until there is more

export class Waveform {
  #canvas;
  #peaks = [];
  #open = { count: 0, peak: 0 };
  #block = 1; // samples per stored peak
  #played = 0;
  #due = false;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  clear(sampleRate) {
    this.#block = Math.ceil(sampleRate / BLOCKS_PER_S);
    this.#peaks = [];
    this.#open = { count: 0, peak: 0 };
    this.played = 0;
  }

  add(samples) {
    for (const sample of samples) {
      this.#open.peak = Math.max(this.#open.peak, Math.abs(sample));
      this.#open.count += 1;
      if (this.#open.count === this.#block) {
        this.#peaks.push(this.#open.peak);
        this.#open = { count: 0, peak: 0 };
      }
    }
    this.#draw();
  }

  set played(samples) {
    this.#played = samples;
    this.#draw();
  }

  #draw() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#paint();
    });
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    const paint = this.#canvas.getContext("2d");
    paint.scale(ratio, ratio);
    const colours = getComputedStyle(this.#canvas);
    const bars = Math.floor(width / BAR);
    const blocks = Math.max(this.#peaks.length, LEAST_S * BLOCKS_PER_S);
    for (let bar = 0; bar < bars; bar++) {
      const first = Math.floor((bar * blocks) / bars);
      const last = Math.max(first + 1, Math.floor(((bar + 1) * blocks) / bars));
      const peak = Math.max(0, ...this.#peaks.slice(first, last));
      const heard = first * this.#block < this.#played;
      const colour = heard ? "--accent" : first < this.#peaks.length ? "--unplayed" : "--line";
      paint.fillStyle = colours.getPropertyValue(colour);
      const tall = Math.max(1, peak * (height - 16));
      paint.fillRect(bar * BAR, (height - tall) / 2, BAR - 1, tall);
    }
  }
}

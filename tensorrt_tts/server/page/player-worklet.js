// Plays one continuous queue of samples on the audio thread. Scheduling a buffer per chunk instead
// leaves a gap or an overlap of some samples at every seam.

const REPORT_EVERY = sampleRate / 20; // samples between two reports: 50 ms

class QueuePlayer extends AudioWorkletProcessor {
  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.take(data);
    this.begin(0, 0);
  }

  take(message) {
    if (message.kind === "begin") this.begin(message.number, message.hold);
    else if (message.number !== this.number) return; // of an utterance that was stopped
    else if (message.kind === "samples") this.push(message.samples);
    else if (message.kind === "end") this.end();
  }

  // hold: samples to wait for before the first one is played.
  begin(number, hold) {
    this.number = number;
    this.hold = hold;
    this.queue = [];
    this.offset = 0; // into the first block of the queue
    this.played = 0;
    this.underruns = 0;
    this.silence = 0; // samples of silence played where speech was due
    this.dry = false;
    this.ended = false;
    this.over = false;
    this.reported = 0;
  }

  push(samples) {
    this.queue.push(samples);
    this.hold -= samples.length;
  }

  end() {
    this.ended = true;
    this.hold = 0;
  }

  process(_inputs, [[output]]) {
    const filled = this.hold > 0 ? 0 : this.fill(output);
    if (filled < output.length && this.played && !this.over) {
      if (this.ended) this.over = true;
      else this.starve(output.length - filled);
    }
    if (this.over ? this.reported !== Infinity : this.due()) this.report();
    return true;
  }

  fill(output) {
    let filled = 0;
    while (filled < output.length && this.queue.length) {
      const block = this.queue[0];
      const count = Math.min(output.length - filled, block.length - this.offset);
      output.set(block.subarray(this.offset, this.offset + count), filled);
      filled += count;
      this.offset += count;
      if (this.offset === block.length) {
        this.queue.shift();
        this.offset = 0;
      }
    }
    this.played += filled;
    if (filled) this.dry = false;
    return filled;
  }

  starve(missing) {
    if (!this.dry) this.underruns += 1;
    this.dry = true;
    this.silence += missing;
  }

  due() {
    return this.played + this.silence - this.reported >= REPORT_EVERY;
  }

  report() {
    this.reported = this.over ? Infinity : this.played + this.silence;
    const { number, played, underruns, silence, over } = this;
    this.port.postMessage({ number, played, underruns, silence, over });
  }
}

registerProcessor("queue-player", QueuePlayer);

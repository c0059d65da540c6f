// The page's side of the worklet: samples go in, reports of what was heard come out.

const PATIENCE_MS = 5000; // a browser that may not play leaves its promise pending, for ever

export class Player {
  #graph = null; // promise of the audio context
  #node = null;
  #number = 0;
  #onReport;

  // onReport({played, underruns, silence, over}): counts in samples, of the current utterance.
  constructor(onReport) {
    this.#onReport = onReport;
  }

  // Must first be called in a click or key press: browsers keep a page silent until then.
  async open(sampleRate) {
    this.#graph ??= this.#build(sampleRate).catch((error) => {
      this.#graph = null; // the next press tries again
      throw error;
    });
    await inTime(this.#graph.then((context) => context.resume()));
  }

  async #build(sampleRate) {
    if (!globalThis.AudioWorkletNode) {
      throw new Error("This browser plays audio only on https pages and on localhost.");
    }
    const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    await context.audioWorklet.addModule("player-worklet.js");
    this.#node = new AudioWorkletNode(context, "queue-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.#node.port.onmessage = ({ data }) => {
      if (data.number === this.#number) this.#onReport(data);
    };
    this.#node.connect(context.destination);
    return context;
  }

  // Drop what is queued and start to count anew. hold: samples to wait for before playing.
  begin(hold) {
    this.#number += 1;
    this.#tell({ kind: "begin", hold });
  }

  push(samples) {
    this.#tell({ kind: "samples", samples });
  }

  // No more will come: running dry from here on is the end, not an underrun.
  end() {
    this.#tell({ kind: "end" });
  }

  stop() {
    if (this.#node) this.begin(0);
  }

  #tell(message) {
    this.#node.port.postMessage({ number: this.#number, ...message });
  }
}

function inTime(promise) {
  const text =
    "The browser does not play. Allow sound for this page (left of the address), " +
    "check that an audio device is there, and press Speak again.";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(text)), PATIENCE_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

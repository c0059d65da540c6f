// The page's side of the worklet: samples go in, reports of what was heard come out.

export class Player {
  #context = null;
  #node = null;
  #number = 0;
  #onReport;

  // onReport({played, underruns, silence, over}): counts in samples, of the current utterance.
  constructor(onReport) {
    this.#onReport = onReport;
  }

  // Must first be called in a click or key press: browsers keep a page silent until then.
  async open(sampleRate) {
    if (!this.#context) {
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
      this.#context = context;
    }
    await this.#context.resume();
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

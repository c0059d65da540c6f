// The page's side of the worklet: samples go in, reports of what was heard come out.

const PATIENCE_MS = 5000; // a browser that may not play leaves its promise pending, for ever

export class Player {
  #context = null;
  #graph = null; // promise of the node in it
  #node = null;
  #number = 0;
  #onReport;
  #onState;

  // onReport({played, sounded, underruns, silence, over}): counts in samples, of the current
  // utterance; sounded: those that have left the loudspeaker, below 0 before the first. onState(state): of the context, when
  // it changes; what is not "running" is silent.
  constructor(onReport, onState) {
    this.#onReport = onReport;
    this.#onState = onState;
  }

  // Must first be called in a click or key press, and before anything is waited for in it: browsers
  // keep a page silent until then, and Safari looks no further than that turn.
  async open(sampleRate) {
    this.#graph ??= this.#build(sampleRate).catch((error) => {
      this.#graph = null; // the next press tries again
      throw error;
    });
    await inTime(Promise.all([this.#graph, this.#context?.resume()]));
  }

  // Go on where the browser has paused the sound, if it lets us now.
  wake() {
    if (this.#context && this.#context.state !== "running") this.#context.resume().catch(() => {});
  }

  async #build(sampleRate) {
    if (!globalThis.AudioWorkletNode) {
      throw new Error("This browser plays audio only on https pages and on localhost.");
    }
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // not an iPhone's ringer
    const context = (this.#context ??= new AudioContext({
      sampleRate,
      latencyHint: "interactive",
    }));
    context.onstatechange = () => this.#onState(context.state);
    await context.audioWorklet.addModule("player-worklet.js");
    this.#node = new AudioWorkletNode(context, "queue-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.#node.port.onmessage = ({ data }) => {
      if (data.number === this.#number) {
        const late = context.sampleRate * (context.outputLatency || context.baseLatency || 0);
        this.#onReport({ ...data, sounded: data.played - late });
      }
    };
    this.#node.connect(context.destination);
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

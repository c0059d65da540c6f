// The audio received so far, as the server sent it.

export class Recording {
  #parts = [];

  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.length = 0; // samples
  }

  get seconds() {
    return this.length / this.sampleRate;
  }

  // bytes: an ArrayBuffer of 16-bit little-endian samples. Returns them as floats.
  add(bytes) {
    const view = new DataView(bytes);
    const samples = new Float32Array(bytes.byteLength / 2);
    for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true) / 32768;
    this.#parts.push(bytes);
    this.length += samples.length;
    return samples;
  }

  wav() {
    return new Blob([this.#header(), ...this.#parts], { type: "audio/wav" });
  }

  #header() {
    const header = new DataView(new ArrayBuffer(44));
    const bytes = 2 * this.length;
    const text = (at, word) => [...word].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
    text(0, "RIFF");
    header.setUint32(4, 36 + bytes, true);
    text(8, "WAVEfmt ");
    header.setUint32(16, 16, true); // length of this chunk
    header.setUint16(20, 1, true); // PCM
    header.setUint16(22, 1, true); // mono
    header.setUint32(24, this.sampleRate, true);
    header.setUint32(28, 2 * this.sampleRate, true);
    header.setUint16(32, 2, true); // bytes per sample
    header.setUint16(34, 16, true); // bits per sample
    text(36, "data");
    header.setUint32(40, bytes, true);
    return header.buffer;
  }
}

// The text of one utterance by what was heard of it. A word counts from its middle on, as with the
// server's `heard`: who has heard half of a word has understood it.

export class Script {
  #characters; // code points, by which the server counts
  #words = [];

  constructor(text) {
    this.#characters = [...text];
  }

  // words: as the server sends them, each once and in order.
  add(words) {
    this.#words.push(...words);
  }

  // null before any word is known.
  get estimated() {
    return this.#words.length ? this.#words.some((word) => word.estimated) : null;
  }

  // The text in three: before the word that sounds at `seconds`, that word, and what is behind it.
  at(seconds) {
    const begun = this.#words.filter((word) => word.start_s <= seconds);
    const last = begun.at(-1);
    const sounds = last && seconds < last.end_s;
    const from = last ? (sounds ? last.begin : last.end) : 0;
    const to = last ? last.end : 0;
    return [[0, from], [from, to], [to]].map((range) => this.#slice(...range));
  }

  // What was heard until then. told: the server's own account, for when its playback clock is ahead
  // of every word whose time it has said.
  heard(seconds, told = "") {
    const known = this.#words.filter((word) => (word.start_s + word.end_s) / 2 <= seconds);
    const text = this.#slice(known[0]?.begin, known.at(-1)?.end ?? 0).replace(/\s+/g, " ");
    const ahead = seconds > 0 && known.length === this.#words.length;
    return ahead && told.length > text.length ? told : text;
  }

  #slice(from, to) {
    return this.#characters.slice(from, to).join("");
  }
}

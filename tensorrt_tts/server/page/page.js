// Wires form, socket, player and waveform together. Times are the browser's own.

import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Script } from "./script.js";
import { SpeechSocket } from "./speech-socket.js";
import { Waveform } from "./waveform.js";

const part = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((element) => [element.id, element]),
);
const address = new URL("../ws/tts", location.href);
address.protocol = address.protocol.replace("http", "ws");

// An API key comes as #key=… behind the page's address: browsers send that part to nobody.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
const headers = key ? { "X-API-Key": key } : {};
addEventListener("hashchange", () => location.reload());

const socket = new SpeechSocket(address, key);
const player = new Player(reported, interrupted);
const waveform = new Waveform(part.waveform);
const offered = {
  en: part.text.value,
  hi: "वाक्य का बाकी हिस्सा बनते बनते ही आवाज़ आने लगती है।",
};
let model = null; // what the server says of itself
let recording = new Recording(1);
let current = null; // the utterance that is being received or played
let shown = null; // the last one

async function speak() {
  stop();
  const text = part.text.value.trim();
  if (!text) return fail("Type something to say.");
  // The seed is for whoever wants to have the same again, in another format.
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  const request = { text, voice: part.voice.value || undefined, seed };
  const utterance = { request, script: new Script(text), id: null, sent: 0, sounded: 0 };
  current = shown = utterance;
  for (const name of ["first", "factor", "underruns"]) part[name].textContent = "–";
  part.silence.textContent = "gaps in playback";
  for (const name of ["problem", "heard", "timing"]) part[name].textContent = "";
  part.download.disabled = true;
  show("Waiting for the first sound…", true);
  try {
    if (!model) await described; // else not: the sound has to be asked for in the same turn
    if (utterance !== current) return;
    recording = new Recording(model.sample_rate);
    waveform.clear(recording.sampleRate);
    place(0, 0);
    await player.open(recording.sampleRate);
    await socket.open(); // last: nothing can close it between here and `speak`
    if (utterance !== current) return; // stopped, or another one asked for, meanwhile
    player.begin((recording.sampleRate * part.hold.value) / 1000);
    const mine = (handle) => (value) => utterance === current && handle(value);
    utterance.sent = performance.now();
    utterance.id = socket.speak(
      { ...request, return_words: true },
      {
        audio: mine((bytes) => received(utterance, bytes)),
        words: (words) => utterance.script.add(words),
        done: (message) => ended(utterance, message.heard),
        failed: (text) => (utterance === current ? fail(text) : ended(utterance)),
      },
    );
  } catch (error) {
    if (utterance === current) fail(error.message);
  }
}

function received(utterance, bytes) {
  const samples = recording.add(bytes);
  const took = performance.now() - utterance.sent;
  if (recording.length === samples.length) {
    part.first.textContent = Math.round(took);
    part.underruns.textContent = 0;
    show("Speaking", true);
  }
  part.factor.textContent = (took / 1000 / recording.seconds).toFixed(2);
  player.push(samples);
  waveform.add(samples);
  part.download.disabled = false;
}

function ended(utterance, heard) {
  utterance.ended = true;
  if (utterance === current) player.end();
  else tell(utterance, heard);
}

// Counts in samples. sounded: what has left the loudspeaker of those that were played.
function reported({ played, sounded, underruns, silence, over }) {
  if (!current) return;
  current.sounded = sounded;
  part.underruns.textContent = underruns;
  if (silence) {
    const ms = Math.round((1000 * silence) / recording.sampleRate);
    part.silence.textContent = `${ms} ms of silence`;
  }
  place(played, over ? Infinity : sounded / recording.sampleRate);
  if (over) finish(current.broken ? "Not spoken to the end" : "Done");
}

// As phones do for a call, for another tab or in the background.
function interrupted(state) {
  if (!current || !recording.length) return;
  show(state === "running" ? "Speaking" : "The browser has paused the sound: tap to go on", true);
}

function place(played, seconds) {
  waveform.played = played;
  const at = (played / recording.sampleRate).toFixed(1);
  const all = recording.seconds.toFixed(1);
  part.position.textContent = `${at} s of ${all} s`;
  const [said, now, ahead] = shown.script.at(seconds);
  if (part.ahead.textContent === ahead && part.now.textContent === now) return;
  part.said.textContent = said;
  part.now.textContent = now;
  part.ahead.textContent = ahead;
  part.script.scrollTop = part.now.offsetTop - part.script.clientHeight / 2;
  if (shown.script.estimated !== null) {
    part.timing.textContent = shown.script.estimated
      ? "Word times are estimated, from the spelling and the silences."
      : "Word times are where the model’s attention was.";
  }
}

function stop() {
  if (!current) return;
  const utterance = current;
  player.stop();
  finish("Stopped");
  if (utterance.ended) tell(utterance);
  else if (utterance.id) socket.cancel(utterance.id); // its answer says the rest
}

// What had been heard of an utterance that was stopped.
function tell({ script, sounded }, told) {
  if (shown.script !== script) return;
  const text = script.heard(sounded / recording.sampleRate, told);
  part.heard.textContent = text ? `after “${text}”` : "before a word was heard";
}

// What has arrived is still played; only then is it over.
function fail(text) {
  part.problem.textContent = text;
  if (current && recording.length) {
    current.broken = true;
    ended(current);
  } else {
    player.stop();
    finish("Not spoken to the end");
  }
}

function finish(status) {
  current = null;
  show(status, false);
}

function show(status, busy) {
  part.status.textContent = status;
  if (!busy && document.activeElement === part.stop) part.speak.focus();
  part.stop.disabled = !busy;
  const seconds = recording.seconds.toFixed(1);
  part.waveform.ariaLabel = recording.length ? `Waveform of ${seconds} seconds` : "No audio yet";
}

// The page has the samples that came and writes them as WAV. Only the server knows the other
// formats, and it has kept nothing.
async function download() {
  const format = part.format.value;
  if (format === "wav") return save(recording.wav(), format);
  part.download.disabled = true;
  part.problem.textContent = "";
  part.origin.textContent = "Speaking it again…";
  try {
    save(await spokenAgain(shown.request, format), format);
  } catch (error) {
    part.problem.textContent = error.message;
  }
  part.download.disabled = !recording.length;
  sayOrigin();
}

async function spokenAgain({ text, ...rest }, format) {
  const response = await fetch(new URL("../v1/audio/speech", location.href), {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ ...rest, model: model.model, input: text, response_format: format }),
  });
  if (response.ok) return response.blob();
  const told = await response.json().catch(() => null);
  throw new Error(told?.error?.message ?? `The server refused it (HTTP ${response.status}).`);
}

function save(blob, format) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `speech.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function sayOrigin() {
  part.origin.textContent =
    part.format.value === "wav"
      ? "The very samples that came from the server."
      : "Spoken once more, to the end, from the same text, voice and seed.";
}

function count() {
  part.count.textContent = `${part.text.value.length} of ${part.text.maxLength} characters`;
}

class Refused extends Error {}

async function describe() {
  const response = await fetch(new URL("../v1/audio/voices", location.href), { headers });
  if (response.status === 401) {
    const wrong = key ? "This server does not know the key in" : "This server asks for an API key at";
    throw new Refused(`${wrong} the end of the page's address: …/test/#key=KEY.`);
  }
  model = await response.json();
  const languages = new Intl.DisplayNames(["en"], { type: "language" });
  part.text.maxLength = model.max_characters;
  part.model.textContent = `model: ${model.model}`;
  const several = new Set(model.voices.map((voice) => voice.language)).size > 1;
  for (const { name, language, friendly_name: friendly } of model.voices) {
    const option = new Option(`${friendly ?? name} (${languages.of(language)})`, name);
    option.dataset.language = language;
    if (several) groupOf(languages.of(language)).append(option);
    else part.voice.add(option);
  }
  if (several) part.voice.addEventListener("change", offer);
  count();
}

// Of the voices of a language, in the list.
function groupOf(label) {
  const known = [...part.voice.children].find((group) => group.label === label);
  if (known) return known;
  const group = Object.assign(document.createElement("optgroup"), { label });
  part.voice.append(group);
  return group;
}

// A sentence of the voice's language, unless something else was typed.
function offer() {
  const { language } = part.voice.selectedOptions[0].dataset;
  part.text.lang = language;
  if (!Object.values(offered).includes(part.text.value)) return;
  part.text.value = offered[language] ?? offered.en;
  count();
}

part.form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
});
part.text.addEventListener("input", count);
part.stop.addEventListener("click", stop);
part.download.addEventListener("click", download);
part.format.addEventListener("change", sayOrigin);
for (const event of ["visibilitychange", "pointerup", "keydown"]) {
  document.addEventListener(event, () => player.wake());
}
document.addEventListener("keydown", (event) => {
  const speaks = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") stop();
  if (event.key !== "Enter" || (event.target === part.text && !speaks)) return;
  // Or the browser presses the button under the focus, too, and again while the key is held.
  if (speaks || event.repeat) event.preventDefault();
  if (speaks && !event.repeat) part.form.requestSubmit();
});
const described = describe().catch((error) => {
  if (error instanceof Refused) throw error;
  throw new Error("The server does not say which voices it has. Reload the page.");
});
described.catch((error) => fail(error.message));
sayOrigin();

// Wires form, socket, player and waveform together. Times are the browser's own.

import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { SpeechSocket } from "./speech-socket.js";
import { Waveform } from "./waveform.js";

const part = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((element) => [element.id, element]),
);
const address = new URL("../ws/tts", location.href);
address.protocol = address.protocol.replace("http", "ws");

// An API key comes as #key=… behind the page's address: browsers send that part to nobody.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
addEventListener("hashchange", () => location.reload());

const socket = new SpeechSocket(address, key);
const player = new Player(heard);
const waveform = new Waveform(part.waveform);
let sampleRate = 1; // until the server has said which
let recording = new Recording(sampleRate);
let current = null; // the utterance that is being received or played: {id, sent}

async function speak() {
  stop();
  const text = part.text.value.trim();
  if (!text) return fail("Type something to say.");
  const utterance = (current = { id: null, sent: 0, broken: false });
  for (const name of ["first", "factor", "underruns"]) part[name].textContent = "–";
  part.silence.textContent = "gaps in playback";
  part.problem.textContent = "";
  part.download.disabled = true;
  show("Waiting for the first sound…", true);
  try {
    await described;
    if (utterance !== current) return;
    recording = new Recording(sampleRate);
    waveform.clear(sampleRate);
    place(0);
    await player.open(sampleRate);
    await socket.open(); // last: nothing can close it between here and `speak`
    if (utterance !== current) return; // stopped, or another one asked for, meanwhile
    player.begin((sampleRate * part.hold.value) / 1000);
    const mine = (handle) => (value) => utterance === current && handle(value);
    const request = { text };
    if (part.voice.value) request.voice = part.voice.value;
    utterance.sent = performance.now();
    utterance.id = socket.speak(request, {
      audio: mine((bytes) => received(utterance, bytes)),
      done: mine(ended),
      failed: mine(fail),
    });
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

function ended() {
  player.end();
}

function heard({ played, underruns, silence, over }) {
  if (!current) return;
  part.underruns.textContent = underruns;
  if (silence) {
    part.silence.textContent = `${Math.round((1000 * silence) / sampleRate)} ms of silence`;
  }
  place(played);
  if (over) finish(current.broken ? "Not spoken to the end" : "Done");
}

function place(played) {
  waveform.played = played;
  const at = (played / sampleRate).toFixed(1);
  const all = recording.seconds.toFixed(1);
  part.position.textContent = `${at} s of ${all} s`;
}

function stop() {
  if (!current) return;
  if (current.id) socket.cancel(current.id);
  player.stop();
  finish("Stopped");
}

// What has arrived is still played; only then is it over.
function fail(text) {
  part.problem.textContent = text;
  if (current && recording.length) {
    current.broken = true;
    ended();
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

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(recording.wav());
  link.download = "speech.wav";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function count() {
  part.count.textContent = `${part.text.value.length} of ${part.text.maxLength} characters`;
}

class Refused extends Error {}

async function describe() {
  const headers = key ? { "X-API-Key": key } : {};
  const response = await fetch(new URL("../v1/audio/voices", location.href), { headers });
  if (response.status === 401) {
    const wrong = key ? "This server does not know the key in" : "This server asks for an API key at";
    throw new Refused(`${wrong} the end of the page's address: …/test/#key=KEY.`);
  }
  const about = await response.json();
  const languages = new Intl.DisplayNames(["en"], { type: "language" });
  sampleRate = about.sample_rate;
  part.text.maxLength = about.max_characters;
  part.model.textContent = `model: ${about.model}`;
  for (const { name, language } of about.voices) {
    part.voice.add(new Option(`${name} (${languages.of(language)})`, name));
  }
  count();
}

part.form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
});
part.text.addEventListener("input", count);
part.stop.addEventListener("click", stop);
part.download.addEventListener("click", download);
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

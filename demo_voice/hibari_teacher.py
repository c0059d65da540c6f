"""The teacher of "heart": hibari with durations exposed and pulses locked to codec frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from hibari import Hibari, dsp

from demo_voice import phase
from demo_voice.teacher import FRAME, HOP, Floats, Utterance, level, loud_span, trim_durations

DURATION_TENSOR = "/Clip_output_0"  # hibari.onnx: the length regulator's counts, 25 ms each
FRAMES_PER_COUNT = 2
NOISE_SEED = 0  # the same noise in each utterance: nothing to learn in its variety


class HibariTeacher:
    """hibari-tts 0.2.1, voice "heart"."""

    def __init__(self) -> None:
        import onnx
        import onnxruntime as ort

        self.voice = Hibari()
        model = onnx.load(self.voice.model_path)
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(DURATION_TENSOR, onnx.TensorProto.FLOAT, None)
        )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def speak(self, text: str, locked: bool = True) -> Utterance:
        """Synthesise one sentence, trimmed and at a fixed level."""
        # Symbols outside the model's alphabet are dropped here, so that durations fit one to one.
        phonemes = "".join(c for c in " ".join(self.voice.phonemize(text)) if c in self.voice.vocab)
        feeds = {
            "ids": np.asarray([self.voice.ids(phonemes)], np.int64),
            "speed": np.ones(1, np.float32),
        }
        *spectra, counts = self.session.run(None, feeds)
        lh, theta, ln, lr, phi, f0 = (part[0] for part in spectra)
        start, stop = speech_span(lh, ln, lr, f0)
        parts = [np.ascontiguousarray(x[..., start:stop]) for x in (lh, theta, ln, lr, phi, f0)]
        samples = -(-(stop - start) * HOP // FRAME) * FRAME
        durations = trim_durations(
            counts.astype(int) * FRAMES_PER_COUNT, start, stop, round(samples / HOP)
        )
        audio = np.zeros(samples, np.float32)
        sound, pitch = render(parts, samples, locked)
        audio[: len(sound)] = sound
        return Utterance(level(audio), phonemes, durations, pitch)


def speech_span(lh: Floats, ln: Floats, lr: Floats, f0: Floats) -> tuple[int, int]:
    """First and past-the-last teacher frame of the speech, with MARGIN around it."""
    power = np.exp(2 * ln).sum(0) * 2 + np.exp(2 * lr).sum(0)
    power = power + np.exp(2 * lh).sum(0) * (f0 > phase.VOICED_HZ)
    return loud_span(power)


def render(parts: list[Floats], samples: int, locked: bool) -> tuple[Floats, Floats]:
    """Waveform and locked pitch per teacher frame of the teacher's spectra [601, frames]."""
    lh, theta, ln, lr, phi, f0 = parts
    frames = lh.shape[1]
    rng = np.random.default_rng(NOISE_SEED)
    bent, angle = phase.lock(f0, samples)
    _, voiced = phase.per_sample(f0, samples)
    centres = np.minimum(np.arange(-(-samples // HOP)) * HOP + HOP // 2, samples - 1)
    pitch = np.where(voiced[centres], bent[centres], 0).astype(np.float32)
    if not locked:
        return dsp.synth(lh, theta, ln, lr, phi, f0, rng), pitch
    source = phase.pulse_train(bent, angle, voiced)[: frames * HOP]
    spectrum: Any = dsp.stft(source, frames)
    spectrum = spectrum * dsp.ex(lh) * np.exp(1j * np.pi * np.tanh(theta))
    noise = rng.standard_normal((lh.shape[0], 2 * frames), dtype=np.float32).view(np.complex64)
    spectrum = spectrum + dsp.ex(ln) * noise + dsp.ex(lr) * np.exp(1j * phi)
    return dsp.ola(spectrum.astype(np.complex64)), pitch

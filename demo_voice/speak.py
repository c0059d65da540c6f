"""Text to speech with the shipped weights, many sentences at a time: for evaluation only.

The toolkit's `Synthesizer` streams; this decodes whole sentences in one batch, so that a sweep
over sampling settings takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo_voice.lm.vocabulary import BASE, SLOTS, Vocabulary, symbol_id

SAMPLE_RATE = 24_000
MAX_FRAMES = 200  # 17 s, twice the longest training sentence


@dataclass(frozen=True)
class Settings:
    """How ids are sampled."""

    temperature: float = 0.6
    top_p: float = 0.9
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Spoken:
    """One sentence."""

    audio: NDArray[np.float32]  # [samples], full scale 1
    rate: int
    finished: bool  # an end token came


def pick(scores: Tensor, settings: Settings, generator: torch.Generator) -> Tensor:
    """Index [rows] sampled from scores [rows, candidates], temperature before top-p."""
    if settings.temperature == 0:
        return scores.argmax(-1)
    probabilities, order = torch.softmax(scores / settings.temperature, -1).sort(-1, True)
    before = probabilities.cumsum(-1) - probabilities
    kept = probabilities.masked_fill(before >= settings.top_p, 0.0)
    return order.gather(1, torch.multinomial(kept, 1, generator=generator))[:, 0]


class Generator:
    """The shipped language model through `transformers`."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.model = model.to(device).eval()
        self.vocabulary = Vocabulary((self.model.config.vocab_size - BASE - 10) // SLOTS)
        self.device = device

    @torch.inference_mode()
    def __call__(
        self, phonemes: Sequence[str], settings: Settings, seed: int
    ) -> list[tuple[NDArray[np.int64], bool]]:
        """Per text: codes [frames, 7], and whether it ended by itself."""
        vocabulary = self.vocabulary
        prompts = [vocabulary.prompt(p) for p in phonemes]
        longest = max(map(len, prompts))
        # Padded on the left, so that every row is at the same slot of its frame.
        pads = torch.tensor([longest - len(p) for p in prompts], device=self.device)
        pad = symbol_id("<|pad|>")
        ids = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts], device=self.device)
        mask = (torch.arange(longest, device=self.device) >= pads[:, None]).long()
        positions = (torch.arange(longest, device=self.device) - pads[:, None]).clamp(min=0)
        generator = torch.Generator(self.device).manual_seed(seed)
        seen = torch.zeros(len(prompts), vocabulary.size, dtype=torch.bool, device=self.device)
        cache = None
        ended = torch.zeros(len(prompts), dtype=torch.bool, device=self.device)
        lengths = torch.full((len(prompts),), MAX_FRAMES, device=self.device)
        produced: list[Tensor] = []
        for step in range(MAX_FRAMES * SLOTS):
            out = self.model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = out.past_key_values
            ids = self._choose(out.logits[:, -1], step % SLOTS, seen, settings, generator)
            if step % SLOTS == 0:
                now = (ids == vocabulary.end) & ~ended
                lengths[now] = step // SLOTS
                ended |= now
                if bool(ended.all()):
                    break
            produced.append(ids)
            seen.scatter_(1, ids[:, None], True)
            ids = ids[:, None]
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
            positions = positions[:, -1:] + 1
        return self._frames(produced, lengths, ended)

    def _choose(
        self,
        logits: Tensor,
        slot: int,
        seen: Tensor,
        settings: Settings,
        generator: torch.Generator,
    ) -> Tensor:
        """Ids [rows]: a code of this slot or, at a frame's start, the end."""
        first = self.vocabulary.audio(slot)
        legal = torch.arange(first, first + self.vocabulary.codes, device=logits.device)
        if slot == 0:
            legal = torch.cat([legal, legal.new_tensor([self.vocabulary.end])])
        scores = logits[:, legal].float()
        penalty = settings.repetition_penalty
        if penalty != 1.0:
            penalised = torch.where(scores < 0, scores * penalty, scores / penalty)
            scores = torch.where(seen[:, legal], penalised, scores)
        return legal[pick(scores, settings, generator)]

    def _frames(
        self, produced: list[Tensor], lengths: Tensor, ended: Tensor
    ) -> list[tuple[NDArray[np.int64], bool]]:
        rows = torch.stack(produced, dim=1) if produced else lengths.new_zeros(len(lengths), 0)
        rows = rows[:, : rows.shape[1] // SLOTS * SLOTS].view(len(lengths), -1, SLOTS)
        offsets = torch.tensor([self.vocabulary.audio(s) for s in range(SLOTS)], device=rows.device)
        codes = (rows - offsets).cpu().numpy()
        return [
            (codes[i, : int(n)], bool(e))
            for i, (n, e) in enumerate(zip(lengths, ended, strict=True))
        ]


class Decoder:
    """The shipped codec: codes [frames, 7] to audio."""

    def __init__(self, folder: Path) -> None:
        from tensorrt_tts.codecs.snac.codec import SnacCodec

        self.codec = SnacCodec.from_folder(folder)

    def __call__(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Audio [frames * 2048]."""
        from tensorrt_tts.codecs.base import Window

        steps = steps_of(codes)
        if not steps:
            return np.zeros(0, np.float32)
        samples = len(codes) * 2048
        return self.codec.run([Window(steps, 0, samples)])[0]


def steps_of(codes: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Frames [frames, 7] in slot order c0 m0 f0 f1 m1 f2 f3 to the codec's steps."""
    return [
        (int(c), int(m), int(f))
        for c, m0, f0, f1, m1, f2, f3 in codes
        for m, f in ((m0, f0), (m0, f1), (m1, f2), (m1, f3))
    ]


class Speaker:
    """Text to speech with both shipped models."""

    def __init__(self, weights: Path, settings: Settings, device: str = "cpu") -> None:
        self.generator = Generator(weights / "lm", device)
        self.decoder = Decoder(weights / "codec")
        self.settings = settings

    def many(self, texts: Sequence[str], seed: int = 0) -> list[Spoken]:
        """One batch."""
        from tensorrt_tts.text.phonemes import phonemize

        found = self.generator([phonemize(text) for text in texts], self.settings, seed)
        return [Spoken(self.decoder(codes), SAMPLE_RATE, ended) for codes, ended in found]

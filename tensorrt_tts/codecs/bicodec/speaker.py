"""What BiCodec makes of a speaker's tokens, once for a whole stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.base import Condition
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig

SPEAKERS_KEPT = 256
"""44 KB each in the released size. One that was dropped is computed again."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """vector: (channels,), added to every step of the generator's input. styles: (layers, 2,
    width), scale and shift of each norm that follows the speaker. Of several, stacked, both have a
    batch in front."""

    vector: torch.Tensor
    styles: torch.Tensor

    @classmethod
    def stack(cls, speakers: Sequence[Speaker]) -> Speaker:
        return cls(
            torch.stack([speaker.vector for speaker in speakers]),
            torch.stack([speaker.styles for speaker in speakers]),
        )


class Spoken(Protocol):
    """A job of a stream."""

    @property
    def condition(self) -> Condition | None: ...


def speaker_weights(
    weights: Mapping[str, torch.Tensor], styles: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Those of a checkpoint's that a speaker's tokens go through."""
    beginnings = ("speaker_encoder.", *(f"{style}." for style in styles))
    return {name: tensor for name, tensor in weights.items() if name.startswith(beginnings)}


class Speakers:
    """`speaker(condition)`, which remembers. styles: the layers that follow the speaker, by name.

    Raises ValueError for another number of tokens than the checkpoint's, and for one that is out of
    range.
    """

    def __init__(
        self,
        config: BiCodecConfig,
        weights: Mapping[str, torch.Tensor],
        styles: Sequence[str],
        device: torch.device,
    ) -> None:
        self._config = config.speaker_encoder
        needed = speaker_weights(weights, styles)
        self._weights = {name: tensor.to(device) for name, tensor in needed.items()}
        self._styles = styles
        self._levels = torch.tensor(self._config.fsq_levels, device=device)
        self._device = device
        self.speaker = lru_cache(SPEAKERS_KEPT)(self._speaker)

    def stacked(self, jobs: Sequence[Spoken]) -> Speaker:
        """Of each. Raises ValueError for one of no speaker."""
        speakers = []
        for job in jobs:
            if job.condition is None:
                raise ValueError("a window of no speaker: BiCodec needs a stream's condition")
            speakers.append(self.speaker(job.condition))
        return Speaker.stack(speakers)

    @torch.inference_mode()
    def _speaker(self, condition: Condition) -> Speaker:
        config = self._config
        if len(condition) != config.token_num:
            raise ValueError(
                f"a speaker has {config.token_num} tokens, not {len(condition)}: {condition[:4]}…"
            )
        wrong = next((token for token in condition if not 0 <= token < config.codes), None)
        if wrong is not None:
            raise ValueError(f"a speaker's tokens are 0 to {config.codes - 1}, not {wrong}")
        name = "speaker_encoder.quantizer.project_out"
        codes = self._linear(name, self._codes(condition).to(self._weights[f"{name}.weight"]))
        # Channels outermost: (channels, tokens) in a row.
        vector = self._linear("speaker_encoder.project", codes.T.reshape(-1))
        styles = [
            torch.stack([self._linear(f"{name}.{part}", vector) for part in ("scale", "shift")])
            for name in self._styles
        ]
        return Speaker(vector, torch.stack(styles))

    def _codes(self, condition: Condition) -> torch.Tensor:
        """(tokens, levels), in −1 … 1: a token's digits to the base of each level, least
        significant first, around the middle one."""
        levels = self._levels
        rest = torch.tensor(condition, device=self._device)
        digits = []
        for level in self._config.fsq_levels:
            digits.append(rest % level)
            rest = rest // level
        half = levels // 2
        return (torch.stack(digits, dim=-1) - half) / half

    def _linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

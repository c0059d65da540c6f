"""What wav2vec 2.0 hears in a recording, from which BiCodec makes semantic codes.

The model is `transformers`' own; BiCodec was trained on facebook/wav2vec2-large-xlsr-53, a copy of
which is in the released checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, PositiveInt

from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError, reason
from tensorrt_tts.files import read_json
from tensorrt_tts.quiet_transformers import quiet_transformers
from tensorrt_tts.weight_files import check_weights

AVERAGED = (11, 14, 16)
"""The hidden states whose mean is taken, of which number 0 goes into the first layer (Spark-TTS,
sparktts/models/audio_tokenizer.py)."""

LAYERS = max(AVERAGED) + 1
"""Read of the model's 24. One more than is needed: what follows the last one is normed."""

CONFIG_FILE, PREPROCESSOR_FILE = "config.json", "preprocessor_config.json"


class SpeechFeatures:
    """A loaded wav2vec 2.0."""

    def __init__(self, model: Any, extractor: Any) -> None:
        self._model = model
        self._extractor = extractor

    @classmethod
    def from_folder(cls, folder: Path, device: str = "cpu") -> Self:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

        _check(folder)
        try:
            with quiet_transformers():
                extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
                loaded: Any = Wav2Vec2Model.from_pretrained(
                    folder,
                    num_hidden_layers=LAYERS,
                    dtype=torch.float32,
                    local_files_only=True,
                    ignore_mismatched_sizes=True,  # and reported below
                    output_loading_info=True,
                )
        except Exception as error:  # transformers raises whatever goes wrong below it
            raise CorruptCheckpointError(
                f"wav2vec 2.0 in '{folder}' cannot be loaded ({reason(error)}); download it again"
            ) from error
        model, found = loaded
        # What a checkpoint lacks is filled with random numbers.
        lost = sorted([*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])])
        if lost:
            raise CorruptCheckpointError(
                f"wav2vec 2.0 in '{folder}' lacks {len(lost)} tensors that its config.json asks "
                f"for, or has them in another shape ({', '.join(lost[:3])}); download it again"
            )
        return cls(model.eval().to(device), extractor)

    @torch.inference_mode()
    @full_precision()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """samples: float (samples,) at 16 kHz, 400 or more. float32 (steps, channels), a step every
        20 ms."""
        inputs = self._extractor(
            np.asarray(samples, np.float32), sampling_rate=16_000, return_tensors="pt"
        ).input_values
        states = self._model(inputs.to(self._model.device), output_hidden_states=True).hidden_states
        mean = sum(states[index][0] for index in AVERAGED) / len(AVERAGED)
        features: np.ndarray = mean.cpu().numpy()
        return features


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model_type: str
    num_hidden_layers: PositiveInt


def _check(folder: Path) -> None:
    for name in (CONFIG_FILE, PREPROCESSOR_FILE):
        if not (folder / name).is_file():
            raise CheckpointNotFoundError(
                f"no {name} in wav2vec 2.0's folder '{folder}', which cloning with a transcript "
                "needs; download facebook/wav2vec2-large-xlsr-53 completely"
            )
    config = read_json(folder / CONFIG_FILE, _Config)
    if config.model_type != "wav2vec2" or config.num_hidden_layers < LAYERS:
        raise CorruptCheckpointError(
            f"'{folder / CONFIG_FILE}': model_type {config.model_type!r} with num_hidden_layers "
            f"{config.num_hidden_layers}, and BiCodec reads layer {LAYERS} of a wav2vec2; give the "
            "folder of facebook/wav2vec2-large-xlsr-53"
        )
    check_weights(folder)

"""The codec while it trains, its checkpoints and what is shipped of it.

A classifier reads the phoneme from the quantised latent; it and the encoder do not ship.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from snac.layers import Decoder
from snac.vq import ResidualVectorQuantize
from torch import Tensor, nn

from demo_voice.alphabet import ALPHABET
from demo_voice.decoder import decode, fold_weight_norm, weight_norm_state
from demo_voice.encoder import CONTEXT, FeatureEncoder, quantize
from demo_voice.features import PHONEMES
from demo_voice.growth import difference, grown, split_codes
from demo_voice.lm.vocabulary import SYMBOLS
from tensorrt_tts.errors import SettingError

CONFIG: dict[str, Any] = {
    "sampling_rate": 24000,
    "encoder_dim": 16,
    "encoder_rates": [2, 4, 8, 8],
    "decoder_dim": 256,
    "decoder_rates": [8, 8, 4, 2],
    "attn_window_size": None,
    "codebook_size": 512,
    "codebook_dim": 8,
    "vq_strides": [4, 2, 1],
    "noise": True,
    "depthwise": True,
}
SPLIT = 0.1
"""How far the parts of a split code are apart at first; an encoding has length 1 a dimension."""


class Codec(nn.Module):
    """Encoder for training, and the two modules that ship."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        latent = config["encoder_dim"] * 2 ** len(config["encoder_rates"])
        self.encoder = FeatureEncoder(latent)
        self.quantizer = ResidualVectorQuantize(
            latent, config["codebook_size"], config["codebook_dim"], config["vq_strides"]
        )
        self.decoder = Decoder(
            latent,
            config["decoder_dim"],
            config["decoder_rates"],
            config["noise"],
            depthwise=config["depthwise"],
            attn_window_size=config["attn_window_size"],
        )
        self.reader = nn.Conv1d(latent, PHONEMES, 1)
        fold_weight_norm(self)

    def latent_of(self, features: Tensor) -> Tensor:
        """Latents of features that carry CONTEXT either side."""
        latent: Tensor = self.encoder(features)[:, :, CONTEXT:-CONTEXT]
        return latent

    def encode(self, features: Tensor) -> list[Tensor]:
        """Codes of features that carry CONTEXT either side."""
        return quantize(self.quantizer, self.latent_of(features)).codes

    def from_codes(self, codes: list[Tensor]) -> Tensor:
        """Waveform [batch, 1, samples] of codes."""
        return decode(self.decoder, self.quantizer.from_codes(codes))


_ROWS = ("encoder.phoneme.weight", "reader.weight", "reader.bias")
"""Parameters with a row for no phoneme and one for each of ALPHABET."""


def split_state(codec: Codec, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state with as many codes as the codec has."""
    count, books = codec.quantizer.codebook_size, "codebook.weight"
    return {k: split_codes(v, count, SPLIT) if k.endswith(books) else v for k, v in state.items()}


def load_state(codec: Codec, checkpoint: dict[str, Any]) -> str:
    """Set the parameters to a checkpoint's; what is new in ALPHABET since then stays as it is, and
    where there are more codes, each is split into as many.

    What was taken, for the log.
    """
    names = (None, *checkpoint.get("alphabet", SYMBOLS))
    own = codec.state_dict()
    state = dict(checkpoint["codec"])
    for key in _ROWS:
        state[key] = grown(state[key].to(own[key].device), names, (None, *ALPHABET), own[key])
    codec.load_state_dict(split_state(codec, state))
    return difference(names[1:], ALPHABET)


def grow_moments(optimizer: torch.optim.Optimizer, alphabet: Sequence[str]) -> None:
    """The optimiser's averages with rows for what is new in ALPHABET."""
    for parameter, averages in optimizer.state.items():
        for key, value in averages.items():
            if value.ndim and value.shape != parameter.shape:
                fresh = torch.zeros_like(parameter)
                averages[key] = grown(value, (None, *alphabet), (None, *ALPHABET), fresh)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Raises SettingError."""
    try:
        state: dict[str, Any] = torch.load(path, weights_only=False, map_location="cpu")
    except FileNotFoundError as error:
        raise SettingError(
            f"--codec-from '{path}' is not there; give the folder of an exported codec, or a "
            "checkpoint such as codec/ckpt.pt"
        ) from error
    return state


def export(codec: Codec, folder: Path) -> None:
    """config.json and model.safetensors with ``snac``'s names (quantizer.*, decoder.*)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(codec.config, indent=2) + "\n", encoding="utf-8")
    state = {
        key: value.detach().cpu().contiguous().clone()
        for key, value in weight_norm_state(codec).items()
        if key.startswith(("quantizer.", "decoder."))
    }
    save_file(state, str(folder / "model.safetensors"))

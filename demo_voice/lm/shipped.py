"""The exported language model as a training model again, to go on from what ships."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from demo_voice.growth import difference, grown, split_codes
from demo_voice.lm.export import SHARED
from demo_voice.lm.model import AudioTable, VoiceLM
from demo_voice.lm.vocabulary import FIRST_AUDIO, LEVEL_OF_SLOT, SLOTS
from tensorrt_tts.errors import SettingError


@torch.no_grad()
def take_over(model: VoiceLM, folder: Path) -> str:
    """Set ``model``'s parameters to the export's, so that it computes the same.

    Its symbols may be others, its codes split (``codec --codes``), and it may be wider and have
    more layers: what is added has no say until it is trained. Only worth it when the codes still
    mean about what they did (``codec --codec-from``). What was taken, for the log. Raises
    SettingError.
    """
    state = load_file(str(folder / "model.safetensors"))
    embedded = state.pop("model.embed_tokens.weight").float()
    head = state.pop("lm_head.weight").float()
    theirs = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    text = theirs.get(f"<custom_token_{FIRST_AUDIO}>", 0)
    names = sorted((name for name in theirs if theirs[name] < text), key=theirs.__getitem__)
    shared = {k: v for k, v in model.state_dict().items() if k.startswith(SHARED)}
    fits = state.keys() <= shared.keys() and all(
        len(value.shape) == shared[key].ndim
        and all(a <= b for a, b in zip(value.shape, shared[key].shape, strict=True))
        for key, value in state.items()
    )
    if not names or SLOTS * model.shape.codes % (len(embedded) - text) or not fits:
        width, layers = sizes_of(folder)
        raise SettingError(
            f"--start-from '{folder}' has {layers} layers of {width} and {len(embedded)} ids, this "
            f"model {model.shape.layers} of {model.shape.hidden} and {model.vocabulary.size}; "
            "give the same sizes or larger ones, and a multiple of its codes"
        )
    # A width that is zero lowers the mean square that RMSNorm divides by.
    width = model.shape.hidden
    level = math.sqrt(embedded.shape[1] / width)
    for key, value in state.items():
        placed(shared[key], value.float() * (level if value.ndim == 1 else 1.0))
    embedded = placed(torch.zeros(len(embedded), width), embedded)
    head = placed(torch.randn(len(head), width) * 0.02, head)
    symbols = model.vocabulary.text_names
    table = model.model.embed_text.weight
    table.copy_(grown(embedded[:text], names, symbols, table))
    model.text_out.copy_(grown(head[:text], names, symbols, model.text_out))
    for table_of, rows in ((model.audio_in, embedded), (model.audio_out, head)):
        by_slot = rows[text:].view(SLOTS, -1, width)
        split_rows(table_of, split_codes(by_slot, model.shape.codes))
    return difference(names, symbols)


def placed(table: Tensor, trained: Tensor) -> Tensor:
    """``table`` with ``trained`` in its first rows and columns.

    A new layer's output, and what an old one adds to the new width, is zero at first (`Attention`,
    `Mlp`); what reads the new width is random, so that it learns.
    """
    table[tuple(slice(size) for size in trained.shape)] = trained
    return table


def sizes_of(folder: Path) -> tuple[int, int]:
    """Width and layers of an exported model."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config["hidden_size"], config["num_hidden_layers"]


def split_rows(table: AudioTable, rows: Tensor) -> None:
    """Parts of ``table`` whose sums are ``rows`` [7, codes, hidden].

    The slot's part is its mean, the level's the mean over the slots that share a codebook, and
    what is left is the row's own.
    """
    slot = rows.mean(1, keepdim=True)
    rest = rows - slot
    levels = torch.tensor(LEVEL_OF_SLOT)
    level = torch.stack([rest[levels == i].mean(0) for i in range(int(levels.max()) + 1)])
    table.slot.copy_(slot)
    table.level.copy_(level)
    table.near.zero_()
    table.own.copy_(rest - level[levels])

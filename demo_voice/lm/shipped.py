"""The exported language model as a training model again, to go on from what ships."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from demo_voice.lm.model import AudioTable, VoiceLM
from demo_voice.lm.vocabulary import LEVEL_OF_SLOT, SLOTS


@torch.no_grad()
def take_over(model: VoiceLM, folder: Path) -> None:
    """Set ``model``'s parameters to the export's; the shapes must agree.

    Only worth it when the codes still mean about what they did (``codec --codec-from``).
    """
    state = load_file(str(folder / "model.safetensors"))
    embedded = state.pop("model.embed_tokens.weight").float()
    head = state.pop("lm_head.weight").float()
    if embedded.shape != (model.vocabulary.size, model.shape.hidden):
        raise ValueError(
            f"{folder}: embeddings {tuple(embedded.shape)}, "
            f"this model has {(model.vocabulary.size, model.shape.hidden)}; give the same sizes"
        )
    text = model.vocabulary.audio(0)
    model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    model.model.embed_text.weight.copy_(embedded[:text])
    model.text_out.copy_(head[:text])
    split_rows(model.audio_in, embedded[text:])
    split_rows(model.audio_out, head[text:])


def split_rows(table: AudioTable, rows: Tensor) -> None:
    """Parts of ``table`` whose sums are ``rows`` [7 * codes, hidden].

    The slot's part is its mean, the level's the mean over the slots that share a codebook, and
    what is left is the row's own.
    """
    rows = rows.view(SLOTS, -1, rows.shape[-1])
    slot = rows.mean(1, keepdim=True)
    rest = rows - slot
    levels = torch.tensor(LEVEL_OF_SLOT)
    level = torch.stack([rest[levels == i].mean(0) for i in range(int(levels.max()) + 1)])
    table.slot.copy_(slot)
    table.level.copy_(level)
    table.near.zero_()
    table.own.copy_(rest - level[levels])

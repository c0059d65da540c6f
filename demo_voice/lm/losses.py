"""What the language model is trained to do."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from demo_voice.lm.model import HEAD
from demo_voice.lm.vocabulary import SLOTS, Vocabulary

SLOT_WEIGHTS = (2.0, 1.4, 0.9, 0.9, 1.4, 0.9, 0.9)
"""A wrong coarse code spoils a frame, a wrong fine code a quarter of it, and less audibly."""
END_WEIGHT = 4.0
"""One end token per sentence against hundreds of audio ids."""


@dataclass(frozen=True)
class Targets:
    """Positions [count] (row * length + column) whose next id is audio or the end, by slot."""

    where: list[Tensor]
    ids: list[Tensor]


def targets(ids: Tensor, prompts: Tensor, audio: Tensor) -> Targets:
    """Sort the positions to be learned by slot; the end token stands in slot 0."""
    length = ids.shape[1]
    column = torch.arange(length - 1, device=ids.device)
    offset = column[None] - (prompts[:, None] - 1)  # 0 predicts the first audio id
    following = ids[:, 1:]
    where, wanted = [], []
    for slot in range(SLOTS):
        last = audio[:, None] + (1 if slot == 0 else 0)
        mask = (offset >= 0) & (offset < last) & (offset % SLOTS == slot)
        row, col = mask.nonzero(as_tuple=True)
        where.append(row * length + col)
        wanted.append(following[mask])
    return Targets(where, wanted)


def slot_losses(
    states: Tensor, head: Tensor, goal: Targets, vocabulary: Vocabulary
) -> tuple[list[Tensor], Tensor]:
    """Mean cross-entropy per slot among the slot's own codes, and of the end tokens alone.

    states [rows * length, hidden]. Slot 0's choice includes the end token.
    """
    losses = []
    end = states.new_zeros(())
    for slot in range(SLOTS):
        first = vocabulary.audio(slot)
        rows = head[first : first + vocabulary.codes]
        wanted = goal.ids[slot] - first
        if slot == 0:
            rows = torch.cat([rows, head[vocabulary.end : vocabulary.end + 1]])
            ending = goal.ids[slot] == vocabulary.end
            wanted = torch.where(ending, vocabulary.codes, wanted)
        scores = (states[goal.where[slot]] @ rows.t()).float()  # may have come in half precision
        loss = F.cross_entropy(scores, wanted, reduction="none")
        if slot == 0:
            end = loss[ending].mean()
            loss = loss[~ending]
        losses.append(loss.mean())
    return losses, end


def open_loss(states: Tensor, head: Tensor, goal: Targets, share: float) -> Tensor:
    """Cross-entropy over the whole vocabulary on a random share of the positions.

    It keeps ids of other slots unlikely, so that a server that cannot restrict the choice per slot
    still gets well-formed frames.
    """
    where, wanted = torch.cat(goal.where), torch.cat(goal.ids)
    pick = torch.rand(len(where), device=where.device) < share
    return F.cross_entropy((states[where[pick]] @ head.t()).float(), wanted[pick])


def guidance_loss(
    guides: list[tuple[Tensor, Tensor]], spoken: Tensor, prompts: Tensor, audio: Tensor
) -> Tensor:
    """Minus log of the attention that guided heads pay to the phonemes being spoken.

    spoken [rows, length, 2]: first and last key that position's next id speaks.
    """
    length = spoken.shape[1]
    widest = int(prompts.max())
    position = torch.arange(length, device=spoken.device)
    key = position[:widest]
    meant = (key >= spoken[..., :1]) & (key <= spoken[..., 1:])
    offset = position[None] - (prompts[:, None] - 1)
    speaking = (offset >= 0) & (offset < audio[:, None])
    future = position[None, :] > position[:, None]
    total = spoken.new_zeros((), dtype=torch.float32)
    for queries, keys in guides:
        scores = (queries @ keys.transpose(1, 2)).float() * HEAD**-0.5
        everything = scores.masked_fill(future, -torch.inf).logsumexp(-1)
        phonemes = scores[..., :widest].masked_fill(~meant, -1e9).logsumexp(-1)
        total = total + (everything - phonemes)[speaking].mean()
    return total / len(guides)


def corrupt(ids: Tensor, share: float, vocabulary: Vocabulary) -> Tensor:
    """Replace a random share of the audio ids by random codes of the same slot.

    At run time the model reads its own mistakes; this is how it learns to live with them.
    """
    first = vocabulary.audio(0)
    codes = vocabulary.codes
    random = torch.randint_like(ids, codes)
    wrong = first + (ids - first) // codes * codes + random
    hit = (ids >= first) & (torch.rand(ids.shape, device=ids.device) < share)
    return torch.where(hit, wrong, ids)

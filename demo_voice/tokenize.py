"""Step ``tokenize``: freeze the codec's codes and encode the corpus.

Writes ``tokens/NAME-NNNN.npz`` with "codes" [frames, 7] in Orpheus slot order
c0 m0 f0 f1 m1 f2 f3 and "starts" and "frames" per utterance, then ``tokens/FROZEN``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo_voice.codec_model import Codec, load_state
from demo_voice.codes import save_codes
from demo_voice.crops import PER_FRAME, with_context
from demo_voice.encoder import CONTEXT
from demo_voice.features import HOP, load_shard
from demo_voice.phase import FRAME
from demo_voice.voices import chosen, shard_names

SLOTS = 7
BATCH = 32  # utterances


def pack(codes: list[Tensor]) -> Tensor:
    """Three levels [batch, frames * (1, 2, 4)] -> [batch, frames, 7] in slot order."""
    coarse, middle, fine = codes
    batch, frames = coarse.shape
    middle = middle.view(batch, frames, 2)
    fine = fine.view(batch, frames, 4)
    columns = [coarse[..., None], middle[..., :1], fine[..., :2], middle[..., 1:], fine[..., 2:]]
    return torch.cat(columns, dim=-1)


def unpack(slots: Tensor) -> list[Tensor]:
    """The inverse of ``pack``."""
    middle = slots[..., [1, 4]].flatten(1)
    fine = slots[..., [2, 3, 5, 6]].flatten(1)
    return [slots[..., 0], middle, fine]


def load_codec(checkpoint: Path) -> Codec:
    """The codec of a training checkpoint, for inference."""
    state = torch.load(checkpoint, weights_only=False, map_location="cpu")
    codec = Codec(state["config"])
    load_state(codec, state)
    return codec.eval()


@torch.no_grad()
def encode(codec: Codec, features: list[NDArray[np.float16]]) -> list[NDArray[np.uint16]]:
    """Codes [frames, 7] of utterances' features [latents, SIZE]."""
    longest = max(len(f) for f in features)
    rows = [with_context(f, 0, longest, CONTEXT) for f in features]
    batch = torch.from_numpy(np.stack(rows)).transpose(1, 2)
    slots = pack(codec.encode(batch)).numpy().astype(np.uint16)
    return [s[: len(f) // PER_FRAME] for s, f in zip(slots, features, strict=True)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This step has no options of its own."""


def run(args: argparse.Namespace) -> None:
    """Encode the shards that are missing, with a copy of the checkpoint: codes stay as they are."""
    work = Path(args.work)
    folder = work / "tokens"
    folder.mkdir(exist_ok=True)
    torch.set_num_threads(args.threads)
    frozen = work / "codec" / "frozen.pt"
    if not frozen.exists():
        frozen.write_bytes((work / "codec" / "ckpt.pt").read_bytes())
    codec = load_codec(frozen)
    total = 0
    for name in shard_names(work, chosen(work, args.voices)):
        target = folder / f"{name}.npz"
        if target.exists():
            continue
        shard = load_shard(work, name)
        order = sorted(range(len(shard.rows)), key=lambda i: shard.rows[i]["samples"])
        codes: dict[int, NDArray[np.uint16]] = {}
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            features = [
                shard.features[r["start"] // HOP : (r["start"] + r["samples"]) // HOP]
                for r in (shard.rows[i] for i in batch)
            ]
            codes.update(zip(batch, encode(codec, features), strict=True))
        frames = np.asarray([r["samples"] // FRAME for r in shard.rows], np.int64)
        save_codes(target, np.concatenate([codes[i] for i in range(len(shard.rows))]), frames)
        total += int(frames.sum())
    (folder / "FROZEN").write_text(f"{codec.quantizer.codebook_size}\n", encoding="utf-8")
    print(f"tokenize: {total} frames")

"""Step ``vocoder``: go on with the decoder, the codes frozen.

Trains the decoder and the code vectors on (codes, speech) pairs: reconstruction, and an
adversarial part from the share ``ADVERSARIAL_FROM`` of the time budget on.  The codes do not
change, so a language model trained on them needs no second training.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from demo_voice.alphabet import ALPHABET
from demo_voice.codec_model import export, load_state
from demo_voice.codes import Codes, load_codes
from demo_voice.crops import BALANCED_FROM, Draw
from demo_voice.discriminator import (
    SIZES,
    StftDiscriminator,
    discriminator_loss,
    feature_distance,
)
from demo_voice.features import load_shard
from demo_voice.listener import load_listener, misheard
from demo_voice.losses import reconstruction
from demo_voice.phase import FRAME
from demo_voice.tokenize import load_codec, unpack
from demo_voice.training import Stop, learning_rate, save_checkpoint
from demo_voice.voices import chosen, shard_names, voice_of

FRAMES = 8  # per crop: long enough that most of it has its whole context, as when streaming
BATCH = 2
MEL_WEIGHT = 10.0
PHASE_WEIGHT = 3.0
FEATURE_WEIGHT = 4.0
HEARD_WEIGHT = 6.0
CLIP = 50.0
ADVERSARIAL_FROM = 0.0


class CodeCrops:
    """Random crops of codes and speech of the training split."""

    def __init__(self, work: Path, names: Sequence[str], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.audio = [load_shard(work, name).audio for name in names]
        self.places: list[tuple[int, int, Codes]] = []  # shard, first sample, codes
        for index, name in enumerate(names):
            rows = load_shard(work, name).rows
            self.places += [
                (index, row["start"], codes)
                for row, codes in zip(rows, load_codes(work, name), strict=True)
                if row["split"] == "train" and len(codes) >= FRAMES
            ]
        lengths = [len(codes) for *_, codes in self.places]
        self.draw = Draw(lengths, [voice_of(names[shard]) for shard, *_ in self.places])

    def batch(self, size: int, balanced: bool = False) -> tuple[Tensor, Tensor]:
        """Codes [size, FRAMES, 7] and audio [size, FRAMES * 2048]."""
        codes, audio = [], []
        for place in self.draw(self.rng, size, balanced):
            shard, start, own = self.places[place]
            first = int(self.rng.integers(0, len(own) - FRAMES + 1))
            codes.append(own[first : first + FRAMES].astype(np.int64))
            sound = self.audio[shard][start + first * FRAME :][: FRAMES * FRAME]
            audio.append(sound.astype(np.float32) / 32768)
        return torch.from_numpy(np.stack(codes)), torch.from_numpy(np.stack(audio))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--vocoder-minutes", type=float, help="training time")
    parser.add_argument("--vocoder-rate", type=float, default=5e-4, help="learning rate")
    parser.add_argument(
        "--adversarial-from",
        type=float,
        default=ADVERSARIAL_FROM,
        help="share of the time after which the discriminators join",
    )


def run(args: argparse.Namespace) -> None:
    """Train until the time budget is spent; go on from the checkpoint if there is one."""
    work = Path(args.work)
    path = work / "codec" / "vocoder.pt"
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    codec = load_codec(work / "codec" / "frozen.pt").to(args.device).train()
    codec.encoder.requires_grad_(False)
    decoding = [
        p
        for name, p in codec.named_parameters()
        if name.startswith("decoder.") or ".out_proj." in name or ".codebook." in name
    ]
    judges = nn.ModuleList(StftDiscriminator(size) for size in SIZES).to(args.device)
    optimizer = torch.optim.AdamW(decoding, lr=args.vocoder_rate, betas=(0.8, 0.99), weight_decay=0)
    judging = torch.optim.AdamW(
        judges.parameters(), lr=args.vocoder_rate, betas=(0.8, 0.99), weight_decay=0
    )
    step, spent = 0, 0.0
    if path.exists():
        state = torch.load(path, weights_only=False, map_location=args.device)
        load_state(codec, state)
        judges.load_state_dict(state["judges"])
        optimizer.load_state_dict(state["optimizer"])
        judging.load_state_dict(state["judging"])
        step, spent = state["step"], state["seconds"]
    budget = args.vocoder_minutes * 60
    voices = chosen(work, args.voices)
    crops = CodeCrops(work, shard_names(work, voices), seed=1000 + step)
    listener = load_listener(work, args.device)
    stop = Stop()
    stop.install()

    def save() -> None:
        save_checkpoint(
            path,
            {
                "codec": codec.state_dict(),
                "judges": judges.state_dict(),
                "config": codec.config,
                "alphabet": ALPHABET,
                "optimizer": optimizer.state_dict(),
                "judging": judging.state_dict(),
                "step": step,
                "seconds": spent,
            },
        )
        export(codec, work / "codec")

    sums = torch.zeros(6, device=args.device)
    clock = saved = time.monotonic()
    turns = itertools.cycle(judges)  # one resolution a step: a third of the cost
    while spent < budget and not stop.asked:
        share = spent / budget
        for group in itertools.chain(optimizer.param_groups, judging.param_groups):
            group["lr"] = learning_rate(share, args.vocoder_rate)
        codes, audio = (part.to(args.device) for part in crops.batch(BATCH, share >= BALANCED_FROM))
        made = codec.from_codes(unpack(codes))[:, 0]
        mel, wave = reconstruction(made, audio)
        loss = MEL_WEIGHT * mel + PHASE_WEIGHT * wave
        fooled = judged = heard = mel.new_zeros(())
        if listener:
            loss = loss + HEARD_WEIGHT * (heard := misheard(listener, made, audio))
        if share >= args.adversarial_from:
            judge = next(turns)
            real_score, real_inner = judge(audio)
            judged = discriminator_loss(real_score, judge(made.detach())[0])
            judging.zero_grad(set_to_none=True)
            judged.backward()
            judging.step()
            judge.requires_grad_(False)
            score, inner = judge(made)
            fooled = (score - 1).square().mean()
            loss = loss + fooled + FEATURE_WEIGHT * feature_distance(real_inner, inner)
            judge.requires_grad_(True)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(decoding, CLIP)
        optimizer.step()
        step += 1
        parts = (mel, wave, heard, fooled, judged, norm)
        sums += torch.stack([part.detach() for part in parts])
        now = time.monotonic()
        spent, clock = spent + now - clock, now
        if step % 100 == 0:
            values = " ".join(f"{v:.3f}" for v in (sums / 100).tolist())
            print(
                f"step {step} {spent / 60:.1f} min mel wave heard fool judge norm {values}",
                flush=True,
            )
            sums.zero_()
        if now - saved > 120:
            save()
            saved = now
    save()

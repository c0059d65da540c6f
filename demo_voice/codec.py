"""Step ``codec``: train the SNAC-architecture codec on the teacher's speech.

Stage one trains the feature encoder, the quantiser and the decoder together for ``--codec-minutes``
of computing (kept across restarts in ``codec/ckpt.pt``).  The first minutes run without codes,
then k-means sets the codebooks; or, with ``--codec-from`` an exported codec, only the encoder
learns in the first minutes, so that the codes keep about the meaning they had.  A classifier reads
the phoneme from the quantised latent, which makes the encoder write it there.  All voices share
the codes; where a checkpoint knows fewer phonemes than there are now, those keep their rows.

Step ``tokenize`` freezes what this leaves; step ``vocoder`` then goes on with the decoder alone.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from demo_voice.alphabet import ALPHABET
from demo_voice.codec_model import (
    CONFIG,
    Codec,
    export,
    grow_moments,
    load_state,
    read_checkpoint,
    split_state,
)
from demo_voice.crops import BALANCED_FROM, Crops
from demo_voice.decoder import decode, load_weight_norm_state
from demo_voice.encoder import CONTEXT, RunningMeans, quantize
from demo_voice.features import HEARD
from demo_voice.listener import load_listener, misheard
from demo_voice.lm.vocabulary import SYMBOLS
from demo_voice.losses import reconstruction
from demo_voice.training import Stop, learning_rate, save_checkpoint
from demo_voice.voices import chosen, shard_names
from tensorrt_tts.errors import SettingError

FRAMES = 4  # codec frames (of 2048 samples) per crop
BATCH = 4
WARM_STEPS = 600  # without codes
REVIVE_EVERY = 200
REVIVE_UNTIL = 0.7  # share of the time budget
CLIP = 20.0
COMMITMENT = 1.0
PHASE_WEIGHT = 1.0
PHONEME_WEIGHT = 0.4
HEARD_WEIGHT = 1.0


def codes_for(args: argparse.Namespace, path: Path) -> int:
    """Codes of each level: of the checkpoint at ``path``, as asked for, or of what training starts
    from. Raises SettingError where the first differ."""
    asked: int | None = args.codes
    if path.exists():
        has: int = read_checkpoint(path)["config"]["codebook_size"]
        if asked not in (None, has):
            raise SettingError(
                f"'{path}' has {has} codes; leave --codes away, or move it away and give it as "
                "--codec-from"
            )
        return has
    start: Path | None = args.codec_from
    if asked or not start:
        return asked or int(CONFIG["codebook_size"])
    config = (
        json.loads((start / "config.json").read_text(encoding="utf-8"))
        if start.is_dir()
        else read_checkpoint(start)["config"]
    )
    return int(config["codebook_size"])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--codec-minutes", type=float, help="time for stage one")
    parser.add_argument(
        "--codec-from",
        type=Path,
        help="folder of an exported codec to start from, or a checkpoint of this step",
    )
    parser.add_argument(
        "--codes",
        type=int,
        help="of each level (as --codec-from, whose codes a multiple splits, else "
        f"{CONFIG['codebook_size']})",
    )
    parser.add_argument("--codec-rate", type=float, default=1e-3, help="learning rate")
    parser.add_argument("--codec-shards", type=int, help="use so many shards of a voice only")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)


def run(args: argparse.Namespace) -> None:
    """Train until the time budget is spent; go on from the checkpoint if there is one."""
    work = Path(args.work)
    path = work / "codec" / "ckpt.pt"
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    codec = Codec(CONFIG | {"codebook_size": codes_for(args, path)}).to(args.device)
    if args.codec_from and args.codec_from.is_dir():
        exported = load_file(str(args.codec_from / "model.safetensors"))
        load_weight_norm_state(codec, split_state(codec, exported))
    elif args.codec_from:
        print(f"codec: {load_state(codec, read_checkpoint(args.codec_from))}", flush=True)
    optimizer = torch.optim.AdamW(
        codec.parameters(), lr=args.codec_rate, betas=(0.8, 0.99), weight_decay=0.0
    )
    means = RunningMeans(codec.quantizer)
    step, spent = 0, 0.0
    if path.exists():
        state = torch.load(path, weights_only=False, map_location=args.device)
        load_state(codec, state)
        optimizer.load_state_dict(state["optimizer"])
        grow_moments(optimizer, state.get("alphabet", SYMBOLS))
        means.load(state["means"])
        step, spent = state["step"], state["seconds"]
    budget = args.codec_minutes * 60
    if spent >= budget:
        print("codec: trained already")
        return
    voices = chosen(work, args.voices)
    names = [name for voice in voices for name in shard_names(work, [voice])[: args.codec_shards]]
    crops = Crops(work, names, FRAMES, CONTEXT, seed=step)
    print(
        f"codec: {crops.hours:.1f} h of training speech of {', '.join(voices)}, from step {step}",
        flush=True,
    )
    listener = load_listener(work, args.device)
    stop = Stop()
    stop.install()

    def save() -> None:
        save_checkpoint(
            path,
            {
                "codec": codec.state_dict(),
                "optimizer": optimizer.state_dict(),
                "means": means.state(),
                "step": step,
                "seconds": spent,
                "config": codec.config,
                "alphabet": ALPHABET,
            },
        )

    heard = torch.zeros((), device=args.device)
    sums = torch.zeros(6, device=args.device)
    clock = saved = time.monotonic()
    while spent < budget and not stop.asked:
        share = spent / budget
        rate = learning_rate(share, args.codec_rate) * min(1.0, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = rate
        features, audio = (
            part.to(args.device) for part in crops.batch(BATCH, share >= BALANCED_FROM)
        )
        warm = step >= WARM_STEPS
        if args.codec_from:
            codec.decoder.requires_grad_(warm)
            codec.quantizer.requires_grad_(warm)
        result = quantize(codec.quantizer, codec.latent_of(features), warm or bool(args.codec_from))
        made = decode(codec.decoder, result.latent)[:, 0]
        mel, wave = reconstruction(made, audio)
        said = features[:, HEARD, CONTEXT:-CONTEXT].long()
        phoneme = F.cross_entropy(codec.reader(result.latent), said)
        loss = mel + PHASE_WEIGHT * wave + COMMITMENT * result.commitment
        loss = loss + PHONEME_WEIGHT * phoneme
        if listener:
            loss = loss + HEARD_WEIGHT * (heard := misheard(listener, made, audio))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(codec.parameters(), CLIP)
        optimizer.step()
        means.remember(result.encodings)
        if warm:
            means.update(result.encodings, result.codes)
        step += 1
        if step == WARM_STEPS and not args.codec_from:
            means.start()
        elif step > WARM_STEPS and step % REVIVE_EVERY == 0 and share < REVIVE_UNTIL:
            means.revive()
        parts = (mel, wave, result.commitment, phoneme, heard)
        sums += torch.stack([*(part.detach() for part in parts), norm])
        now = time.monotonic()
        spent, clock = spent + now - clock, now
        if step % 100 == 0:
            mel_mean, wave_mean, commit, said_mean, heard_mean, size = (sums / 100).tolist()
            used = [int((c > 0.05).sum()) for c in means.counts]
            print(
                f"step {step} {spent / 60:.1f} min mel {mel_mean:.3f} wave {wave_mean:.3f} "
                f"commit {commit:.3f} phoneme {said_mean:.3f} heard {heard_mean:.3f} "
                f"norm {size:.1f} used {used} "
                f"lr {rate:.1e}",
                flush=True,
            )
            sums.zero_()
        if now - saved > 120:
            save()
            saved = now
    save()
    export(codec, work / "codec")

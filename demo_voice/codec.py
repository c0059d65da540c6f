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
import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from snac.layers import Decoder
from snac.vq import ResidualVectorQuantize
from torch import Tensor, nn
from torch.nn import functional as F

from demo_voice.alphabet import ALPHABET
from demo_voice.crops import BALANCED_FROM, Crops
from demo_voice.decoder import (
    decode,
    fold_weight_norm,
    load_weight_norm_state,
    weight_norm_state,
)
from demo_voice.encoder import CONTEXT, FeatureEncoder, RunningMeans, quantize
from demo_voice.features import HEARD, PHONEMES
from demo_voice.growth import difference, grown, split_codes
from demo_voice.listener import load_listener, misheard
from demo_voice.lm.vocabulary import SYMBOLS
from demo_voice.losses import reconstruction
from demo_voice.voices import chosen, shard_names
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


def _split(codec: Codec, state: dict[str, Tensor]) -> dict[str, Tensor]:
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
    codec.load_state_dict(_split(codec, state))
    return difference(names[1:], ALPHABET)


def grow_moments(optimizer: torch.optim.Optimizer, alphabet: Sequence[str]) -> None:
    """The optimiser's averages with rows for what is new in ALPHABET."""
    for parameter, averages in optimizer.state.items():
        for key, value in averages.items():
            if value.ndim and value.shape != parameter.shape:
                fresh = torch.zeros_like(parameter)
                averages[key] = grown(value, (None, *alphabet), (None, *ALPHABET), fresh)


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


def learning_rate(share: float, peak: float) -> float:
    """Constant, then a cosine to a twentieth over the last 40 % of the budget."""
    fall = max(0.0, (share - 0.6) / 0.4)
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, fall))))


@dataclass
class Stop:
    """Set by SIGTERM: finish the step, save, leave."""

    asked: bool = False

    def install(self) -> None:
        """Catch the signal."""

        def ask(*_: object) -> None:
            self.asked = True

        signal.signal(signal.SIGTERM, ask)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


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
        load_weight_norm_state(codec, _split(codec, exported))
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

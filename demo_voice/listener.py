"""Step ``listener``: a small net that hears which phoneme is spoken, from the sound alone.

What a codec loses is not all alike: a spectrum a little off is not heard, an aspiration that is
gone makes another word. The net learns the teacher's phonemes from the teacher's speech and is then
frozen; the codec and the decoder are trained to sound to it as the teacher does, inside
(`feature_distance` of its layers) and in what it names.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from demo_voice.alphabet import ALPHABET
from demo_voice.crops import Crops
from demo_voice.discriminator import feature_distance
from demo_voice.features import HEARD, HOP, PHONEMES
from demo_voice.losses import FLOOR, magnitude, stft
from demo_voice.mel import mel_filters
from demo_voice.voices import chosen, shard_names
from tensorrt_tts.errors import SettingError

WINDOW = 1024  # samples; spectra every quarter of it, two a latent
BANDS = 64
WIDTH = 160
DILATIONS = (1, 2, 4, 4)  # it hears ± 0.3 s
FRAMES = 12  # codec frames in a crop, at whose ends it hears less
BATCH = 8
RATE = 2e-3
NAMED_WEIGHT = 0.3
"""Of what it names, beside its layers."""


class Listener(nn.Module):
    """Audio [batch, samples] -> scores [batch, PHONEMES, latents] and the inner layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(BANDS, WIDTH, 5, padding=2)
        self.halve = nn.Conv1d(WIDTH, WIDTH, 4, stride=2, padding=1)
        self.units = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, padding=d, dilation=d) for d in DILATIONS
        )
        self.head = nn.Conv1d(WIDTH, PHONEMES, 1)

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        filters = mel_filters(WINDOW, BANDS).to(audio.device).t()
        mel = (magnitude(stft(audio, WINDOW)) @ filters).clamp(min=FLOOR).log10()
        x = F.gelu(self.stem(mel[:, : 2 * (audio.shape[1] // HOP)].transpose(1, 2) + 1.5))
        x = F.gelu(self.halve(x))
        inner = [x]
        for unit in self.units:
            x = x + F.gelu(unit(x))
            inner.append(x)
        return self.head(x), inner


def misheard(listener: Listener, made: Tensor, real: Tensor) -> Tensor:
    """How differently it hears two sounds [batch, samples] that should be one."""
    with torch.no_grad():
        wanted, theirs = listener(real)
    named, own = listener(made)
    apart = F.kl_div(named.log_softmax(1), wanted.softmax(1), reduction="none").sum(1).mean()
    return feature_distance(theirs, own) + NAMED_WEIGHT * apart


def load_listener(work: Path, device: str) -> Listener | None:
    """Frozen; None where there is none. Raises SettingError for one of another alphabet."""
    path = work / "codec" / "listener.pt"
    if not path.exists():
        return None
    state = torch.load(path, weights_only=True, map_location=device)
    if len(state["head.bias"]) != PHONEMES:
        raise SettingError(
            f"'{path}' tells {len(state['head.bias'])} sounds apart, there are {PHONEMES}; remove "
            "it and run `listener` again"
        )
    listener = Listener().to(device).eval().requires_grad_(False)
    listener.load_state_dict(state)
    return listener


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--listener-minutes", type=float, help="training time")


def run(args: argparse.Namespace) -> None:
    """Train for so long; a listener that is there already stays."""
    work = Path(args.work)
    path = work / "codec" / "listener.pt"
    if path.exists():
        print("listener: trained already")
        return
    torch.set_num_threads(args.threads)
    torch.manual_seed(2)
    listener = Listener().to(args.device)
    optimizer = torch.optim.AdamW(listener.parameters(), lr=RATE, weight_decay=0.01)
    names = shard_names(work, chosen(work, args.voices))
    crops, held = (
        Crops(work, names, FRAMES, 0, seed=2, splits=(split,)) for split in ("train", "valid")
    )
    budget, begun, step = args.listener_minutes * 60, time.monotonic(), 0
    while (share := (time.monotonic() - begun) / budget) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 100, 2 * (1 - share))
        features, audio = (part.to(args.device) for part in crops.batch(BATCH))
        # Louder, softer, and with a little noise: what names a phoneme is neither.
        audio = audio * torch.empty(BATCH, 1, device=audio.device).uniform_(0.5, 1.5)
        audio = audio + 0.003 * torch.rand(BATCH, 1, device=audio.device) * torch.randn_like(audio)
        loss = F.cross_entropy(listener(audio)[0], features[:, HEARD].long(), label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"step {step} {share * budget / 60:.1f} min loss {loss.item():.3f}", flush=True)
    path.parent.mkdir(exist_ok=True)
    torch.save(listener.state_dict(), path)
    listener.eval()
    right = total = 0
    with torch.no_grad():
        for _ in range(20):
            features, audio = (part.to(args.device) for part in held.batch(BATCH))
            said = features[:, HEARD].long()
            right += int((listener(audio)[0].argmax(1) == said).sum())
            total += said.numel()
    print(f"listener: {len(ALPHABET)} phonemes, names {right / total:.1%} of held-out moments")

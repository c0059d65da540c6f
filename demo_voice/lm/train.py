"""Step ``language-model``: train the language model on the tokenised corpus."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demo_voice.crops import BALANCED_FROM
from demo_voice.growth import difference, grown
from demo_voice.lm import losses
from demo_voice.lm.model import HEAD, Shape, VoiceLM
from demo_voice.lm.muon import Muon
from demo_voice.lm.shipped import sizes_of, take_over
from demo_voice.lm.utterances import Batch, Utterance, balanced, batches, load
from demo_voice.lm.vocabulary import ALONE
from demo_voice.training import save_checkpoint
from demo_voice.voices import chosen
from tensorrt_tts.errors import SettingError

SEVERAL = (256, 6)
"""Width and layers for several voices: about 6.4 million parameters."""

MATRIX_RATE = 0.02
TABLE_RATE = 3e-3
WARM_STEPS = 50
COOL_FROM = 0.5
"""Share of the time after which the learning rates fall linearly to zero."""
CORRUPT = 0.06
GUIDANCE = 0.5
OPEN_SHARE = 0.08
OPEN_WEIGHT = 0.3
SAVE_SECONDS = 120
VALID_SECONDS = 240


def read_codebooks(work: Path) -> Tensor:
    """[3, codes, dim] of the frozen codec."""
    from safetensors.torch import load_file

    state = load_file(str(work / "codec" / "model.safetensors"))
    return torch.stack([state[f"quantizer.quantizers.{i}.codebook.weight"] for i in range(3)])


def to_tensors(batch: Batch, device: str) -> dict[str, Tensor]:
    """The arrays of a batch on the device."""
    return {key: torch.from_numpy(value).to(device) for key, value in asdict(batch).items()}


def total_loss(
    model: VoiceLM, batch: dict[str, Tensor], guidance: float, corrupt: float
) -> tuple[Tensor, dict[str, float]]:
    """The training loss of one batch, and its parts for the log."""
    ids = losses.corrupt(batch["ids"], corrupt, model.vocabulary) if corrupt else batch["ids"]
    states, guides = model(ids)
    states = states.flatten(0, 1)
    head = model.head()
    goal = losses.targets(batch["ids"], batch["prompts"], batch["audio"])
    by_slot, end = losses.slot_losses(states, head, goal, model.vocabulary)
    weights = losses.SLOT_WEIGHTS
    slots = sum(w * loss for w, loss in zip(weights, by_slot, strict=True)) / sum(weights)
    share = len(batch["prompts"]) / len(goal.ids[0])
    look = losses.guidance_loss(guides, batch["spoken"], batch["prompts"], batch["audio"])
    total = slots + losses.END_WEIGHT * share * end + guidance * look
    if OPEN_SHARE and model.training:
        total = total + OPEN_WEIGHT * losses.open_loss(states, head, goal, OPEN_SHARE)
    plain = [float(loss.detach()) for loss in by_slot]
    parts = {
        "c0": plain[0],
        "mid": (plain[1] + plain[4]) / 2,
        "fine": (plain[2] + plain[3] + plain[5] + plain[6]) / 4,
        "end": float(end.detach()),
        "look": float(look.detach()),
    }
    return total, parts


@torch.no_grad()
def validate(model: VoiceLM, rows: list[Utterance], device: str) -> dict[str, float]:
    """Mean loss parts on held-out utterances, without corruption."""
    model.eval()
    found = []
    for batch in batches(rows, model.vocabulary, 4096, np.random.default_rng(0)):
        found.append(total_loss(model, to_tensors(batch, device), 0.0, 0.0)[1])
    model.train()
    return {key: float(np.mean([parts[key] for parts in found])) for key in found[0]}


def rate_at(step: int, progress: float) -> float:
    """Learning rate as a share of its peak; progress is the share of the time used."""
    warm = min(1.0, (step + 1) / WARM_STEPS)
    return warm * min(1.0, max(0.0, 1 - progress) / (1 - COOL_FROM))


class Trainer:
    """Model, optimisers and their checkpoint."""

    def __init__(self, shape: Shape, codebooks: Tensor, device: str, half: bool = False) -> None:
        self.model = VoiceLM(shape, codebooks).to(device).train()
        self.half = half
        matrices = [p for p in self.model.model.layers.parameters() if p.ndim == 2]
        inside = {id(p) for p in matrices}
        others = [p for p in self.model.parameters() if id(p) not in inside]
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, lr=MATRIX_RATE, decay=0.01),
            torch.optim.AdamW(others, lr=TABLE_RATE, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self.peaks = [group["lr"] for o in self.optimisers for group in o.param_groups]
        self.step = 0
        self.seconds = 0.0

    def update(self, batch: dict[str, Tensor], progress: float) -> dict[str, float]:
        """One training step."""
        factor = rate_at(self.step, progress)
        groups = [group for o in self.optimisers for group in o.param_groups]
        for group, peak in zip(groups, self.peaks, strict=True):
            group["lr"] = peak * factor
        with torch.autocast(batch["ids"].device.type, torch.bfloat16, enabled=self.half):
            loss, parts = total_loss(self.model, batch, GUIDANCE, CORRUPT)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        return parts

    def save(self, path: Path) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "shape": asdict(self.model.shape),
            "model": self.model.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "step": self.step,
            "seconds": self.seconds,
        }
        save_checkpoint(path, state)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of ``save``."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]

    def start_from(self, path: Path) -> str:
        """Take over everything that does not depend on what the codes mean, for the symbols that
        both know. What was taken, for the log."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        state, names = saved["model"], Shape(**saved["shape"]).vocabulary.text_names
        ours = ("codebooks", "level", "near", "own")
        kept = {k: v for k, v in state.items() if not k.endswith(ours)}
        wanted, own = self.model.vocabulary.text_names, self.model.state_dict()
        for key in ("model.embed_text.weight", "text_out"):
            kept[key] = grown(kept[key], names, wanted, own[key].cpu())
        self.model.load_state_dict(kept, strict=False)
        return difference(names, wanted)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--lm-minutes", type=float, help="time to train for, in all")
    parser.add_argument("--batch-ids", type=int, default=3072, help="ids per step")
    parser.add_argument(
        "--start-from",
        type=Path,
        help="checkpoint of another codec's codes, or folder of an exported model",
    )
    parser.add_argument(
        "--rate-share",
        type=float,
        default=1.0,
        help="of the usual learning rates, to go on gently from a model that is done (%(default)s)",
    )
    parser.add_argument("--stand-in", action="store_true", help="train on the stand-in codes")
    parser.add_argument(
        "--half",
        action="store_true",
        help="matrix products in bfloat16: faster on CPUs with AVX512-BF16 or AMX, and on GPUs",
    )
    alone = f"{Shape.hidden} for one voice, {SEVERAL[0]} for several"
    parser.add_argument("--hidden", type=int, help=f"width (as --start-from, else {alone})")
    alone = f"{Shape.layers} for one voice, {SEVERAL[1]} for several"
    parser.add_argument("--layers", type=int, help=f"(as --start-from, else {alone})")


def shape_for(args: argparse.Namespace, voices: tuple[str, ...], codes: int, path: Path) -> Shape:
    """Of the checkpoint at ``path``, of what training starts from, or by the options.

    Raises SettingError where the checkpoint is of other voices or sizes than are asked for.
    """
    hidden, layers = (Shape.hidden, Shape.layers) if voices == ALONE else SEVERAL
    start = args.start_from
    if start and start.is_dir():
        hidden, layers = sizes_of(start)
    elif start:
        saved = torch.load(start, map_location="cpu", weights_only=True)["shape"]
        hidden, layers = saved["hidden"], saved["layers"]
    hidden, layers = args.hidden or hidden, args.layers or layers
    if not path.exists():
        inner = hidden * 8 // 3 // HEAD * HEAD
        return Shape(codes, hidden=hidden, inner=inner, layers=layers, voices=voices)
    shape = Shape(**torch.load(path, map_location="cpu", weights_only=True)["shape"])
    if shape.vocabulary.voices != voices:
        raise SettingError(
            f"'{path}' is trained for --voices {' '.join(shape.voices)}, there is speech of "
            f"{' '.join(voices)}; name the first, or move it away and give it as --start-from"
        )
    if (args.hidden or shape.hidden, args.layers or shape.layers) != (shape.hidden, shape.layers):
        raise SettingError(
            f"'{path}' has {shape.layers} layers of {shape.hidden}; leave --hidden and --layers "
            "away, or move it away to begin anew"
        )
    return shape


def run(args: argparse.Namespace) -> None:
    """Train until the time is used, then stop; run again with more minutes to go on."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    work = Path(args.work)
    folder = work / ("lm-stand-in" if args.stand_in else "lm")
    folder.mkdir(exist_ok=True)
    path = folder / "ckpt.pt"
    if args.stand_in:
        books, tokens = torch.load(work / "stand-in" / "codebooks.pt"), "stand-in"
    else:
        books, tokens = read_codebooks(work), "tokens"
    shape = shape_for(args, chosen(work, args.voices), books.shape[1], path)
    trainer = Trainer(shape, books, args.device, args.half)
    trainer.peaks = [peak * args.rate_share for peak in trainer.peaks]
    if path.exists():
        trainer.load(path)
    elif args.start_from:
        whole = args.start_from.is_dir()
        taken = (
            take_over(trainer.model, args.start_from)
            if whole
            else trainer.start_from(args.start_from)
        )
        print(f"language-model: from {args.start_from}: {taken}", flush=True)
    vocabulary = trainer.model.vocabulary
    rows = load(work, "train", vocabulary, tokens)
    valid = load(work, "valid", vocabulary, tokens)
    print(
        f"language-model: {len(rows)} sentences, {sum(map(len, rows))} ids, from step "
        f"{trainer.step}",
        flush=True,
    )
    loop(trainer, rows, valid, args, path)


def loop(
    trainer: Trainer,
    rows: list[Utterance],
    valid: list[Utterance],
    args: argparse.Namespace,
    path: Path,
) -> None:
    """Steps, logs, validation and checkpoints until ``--lm-minutes`` are used."""
    budget = args.lm_minutes * 60
    rng = np.random.default_rng(args.seed + trainer.step)
    source: Iterator[Batch] = iter(())
    saved = checked = trainer.seconds
    ids = 0
    several, equal = len(trainer.model.vocabulary.voices) > 1, False
    means: dict[str, float] = {}
    while trainer.seconds < budget:
        begun = time.monotonic()
        if several and not equal and trainer.seconds >= BALANCED_FROM * budget:
            equal, source = True, iter(())
        batch = next(source, None)
        if batch is None:
            some = balanced(rows, rng) if equal else rows
            source = batches(some, trainer.model.vocabulary, args.batch_ids, rng)
            continue
        parts = trainer.update(to_tensors(batch, args.device), trainer.seconds / budget)
        for key, value in parts.items():
            means[key] = 0.95 * means.get(key, value) + 0.05 * value
        ids += batch.ids.size
        trainer.seconds += time.monotonic() - begun
        if trainer.step % 50 == 0:
            report(trainer, means, f"{ids / 1e6:.2f}M ids")
        if trainer.seconds - checked > VALID_SECONDS:
            checked = trainer.seconds
            report_valid(trainer, valid, args.device, "valid")
        if trainer.seconds - saved > SAVE_SECONDS:
            saved = trainer.seconds
            trainer.save(path)
    trainer.save(path)
    report_valid(trainer, valid, args.device, "valid, end")


def report_valid(trainer: Trainer, rows: list[Utterance], device: str, note: str) -> None:
    """A line of the log for each voice that has held-out speech."""
    voices = trainer.model.vocabulary.voices
    for voice in voices:
        own = [row for row in rows if row.voice == voice]
        if own:
            told = note if len(voices) == 1 else f"{note}, {voice}"
            report(trainer, validate(trainer.model, own, device), told)


def report(trainer: Trainer, parts: dict[str, float], note: str) -> None:
    """One line of the log."""
    values = " ".join(f"{key} {value:.3f}" for key, value in parts.items())
    print(f"step {trainer.step} {trainer.seconds / 60:.1f} min {values} {note}", flush=True)

"""Is our codec that of the official code? Its tensors against stored ones, on the same weights.

A folder holds a codec's config and weights, and npz files: each has ids and any of the tensors that
the official code makes of them. For BiCodec: `semantic` (batch, steps), `glob` (batch, 1, tokens),
and `z_q`, `d_vector`, `gen_in`, `wav`, or any stage's output under the released module's name. Of
encoding: `feat` (batch, steps, channels), wav2vec 2.0's, with `z`, `z_e`, `semantic`; or `ref_wav`
(batch, samples), the clip, with `mel`, `perceiver`, `glob`; or both. Ids have to be equal.

`NAME_f64` is compared with what double precision gives, `atol` is the file's own tolerance. An
empty array says that there is none; of `mel`, every k-th frame may be stored. What is made of a
clip or of features that the file does not hold is named and not compared, nor is text, nor
`x_vector`, of which no token is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from tensorrt_tts.codecs.base import Condition, Step
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
from tensorrt_tts.codecs.bicodec.encoder_weights import load as load_encoder
from tensorrt_tts.codecs.bicodec.weights import load
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import InputError

TOLERANCE = 2e-5
"""Of every tensor where a file states none: four times what single precision costs the official
code against double."""

HOP = 25
"""Steps between two decodes of the stream that is compared too: half a second."""

IDS = ("semantic", "glob")
HEARD = {"feat": ("z", "z_e", "semantic"), "ref_wav": ("mel", "perceiver", "glob")}
"""Whose presence makes a case one of encoding, and what is made of each."""
NEVER = {"x_vector": "no token is made of it"}
"""Official tensors that are not compared, and why."""
DOUBLE = "_f64"
STREAMED = "wav, streamed"

Case = dict[str, np.ndarray]
Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Compared:
    """error: the largest difference; None where there is none to state: for a tensor of another
    shape than ours, one that we have not under that name, and one that holds what is no number.
    left_out: why it was not compared; "" for one that was."""

    case: str
    tensor: str
    shape: tuple[int, ...]
    error: float | None
    tolerance: float
    left_out: str = ""

    @property
    def within(self) -> bool:
        """Not beyond, as far as it was compared."""
        return bool(self.left_out) or (self.error is not None and self.error <= self.tolerance)


def codec_golden(folder: Path, tolerance: float = TOLERANCE) -> Iterator[Compared]:
    """Every tensor of every case. Raises what `BiCodec.from_folder` and, for a case of encoding,
    `BiCodecEncoder.from_folder` raise, and InputError for a file that is no case."""
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise InputError(f"no npz file in '{folder}'; each holds ids and what was made of them")
    codecs, encoders = _Pair(folder, load, BiCodec), _Pair(folder, load_encoder, BiCodecEncoder)
    for path in paths:
        case = _read(path)
        allowed = float(case.pop("atol", tolerance))
        if any(name in case for name in HEARD):
            rows = list(_encoded(encoders, case, path, allowed))
        else:
            rows = list(_decoded(codecs, case, path, allowed))
        if all(row.left_out for row in rows):
            raise InputError(
                f"nothing of '{path}' can be compared; store what the official code made of its "
                f"ids, or of its {' or '.join(HEARD)}, beside them"
            )
        yield from rows


class _Pair(Generic[Model]):
    """A checkpoint in single and in double precision, each loaded when it is first asked for."""

    def __init__(
        self,
        folder: Path,
        load: Callable[[Path], tuple[Any, dict[str, torch.Tensor]]],
        build: Callable[[Any, dict[str, torch.Tensor]], Model],
    ) -> None:
        self._loaded = cache(partial(load, folder))
        self._build = build
        self.single = cache(lambda: build(*self._loaded()))
        self.double = cache(self._double)

    def _double(self) -> Model:
        config, weights = self._loaded()
        return self._build(config, {name: tensor.double() for name, tensor in weights.items()})


def _decoded(codecs: _Pair[BiCodec], case: Case, path: Path, allowed: float) -> Iterator[Compared]:
    codec = codecs.single()
    rows = list(zip(*(case.pop(name) for name in IDS), strict=True))
    inputs = [_inputs(semantic, tokens, codec, path) for semantic, tokens in rows]
    single = _traced(codec, inputs)
    exact = _traced(codecs.double(), inputs) if _asks_for_double(case) else {}
    yield from _compared(case, single, exact, path, allowed)
    if "wav" in case:
        error = _error(streamed(codec, inputs), case["wav"])
        yield Compared(path.stem, STREAMED, case["wav"].shape, error, allowed)


def _encoded(
    encoders: _Pair[BiCodecEncoder], case: Case, path: Path, allowed: float
) -> Iterator[Compared]:
    heard = {name: case.pop(name) for name in HEARD if name in case}
    wanted = {"feat": (3, encoders.single().config.encoder.input_channels), "ref_wav": (2, None)}
    for source, given in heard.items():
        dimensions, width = wanted[source]
        if given.ndim != dimensions or width not in (None, given.shape[-1]):
            shape = "(batch, samples)" if width is None else f"(batch, steps, {width})"
            raise InputError(f"'{path}': {source} has the shape {given.shape}, not {shape}")
    left_out = NEVER | {
        name: f"no {source} in the file"
        for source, made in HEARD.items()
        if source not in heard
        for name in made
    }
    for name in [name for name in case if name.removesuffix(DOUBLE) in left_out]:
        why = left_out[name.removesuffix(DOUBLE)]
        yield Compared(path.stem, name, case.pop(name).shape, None, allowed, why)
    single = _encodings(encoders.single(), heard)
    exact = _encodings(encoders.double(), heard) if _asks_for_double(case) else {}
    yield from _compared(case, single, exact, path, allowed)


def _encodings(encoder: BiCodecEncoder, heard: Case) -> Case:
    found: Case = {}
    for name, trace in (("feat", encoder.trace_semantics), ("ref_wav", encoder.trace_speaker)):
        rows = [trace(row) for row in heard.get(name, ())]
        for tensor in rows[0] if rows else ():
            found[tensor] = np.stack([row[tensor] for row in rows])
    return found


def _asks_for_double(case: Case) -> bool:
    return any(name.endswith(DOUBLE) for name in case)


def _compared(
    case: Case, single: Case, exact: Case, path: Path, allowed: float
) -> Iterator[Compared]:
    """Of ids, the largest difference says no more than that there is one."""
    for name, theirs in case.items():
        if not theirs.size or theirs.dtype.kind in "US":
            continue
        plain = name.removesuffix(DOUBLE)
        ours = (single if plain == name else exact).get(plain)
        if plain == "mel" and ours is not None:
            ours = ours[..., :: -(-ours.shape[-1] // theirs.shape[-1])]
        yield Compared(
            path.stem, name, theirs.shape, _error(ours, theirs), 0.0 if plain in IDS else allowed
        )


def streamed(codec: BiCodec, inputs: Sequence[tuple[list[Step], Condition]]) -> np.ndarray:
    """float32 (batch, 1, samples): the streams hop by hop, side by side, none waiting for less than
    exact samples. All have one length."""
    schedule = HopSchedule(codec.context.lookahead, HOP)
    streams = [codec.open(schedule, 0, condition) for _, condition in inputs]
    parts: list[list[np.ndarray]] = [[] for _ in streams]

    def decode() -> None:
        while any(stream.due for stream in streams):
            results = codec.run([stream.job() for stream in streams])
            for stream, samples, heard in zip(streams, results, parts, strict=True):
                stream.take(samples)
                heard.append(samples)

    for step in zip(*(steps for steps, _ in inputs), strict=True):
        for stream, one in zip(streams, step, strict=True):
            stream.push([one])
        decode()
    for stream in streams:
        stream.end()
    decode()
    return np.stack([np.concatenate(heard)[None] for heard in parts])


def table(rows: Sequence[Compared]) -> str:
    """One row per tensor."""
    wide = max(len(row.tensor) for row in rows)
    lines = [f"{'case':<16}{'tensor':<{wide + 2}}{'shape':<20}{'error':>10}{'allowed':>10}"]
    for row in rows:
        shape = " × ".join(map(str, row.shape))
        line = f"{row.case:<16}{row.tensor:<{wide + 2}}{shape:<20}"
        if row.left_out:
            lines.append(f"{line}  not compared: {row.left_out}")
            continue
        error = "none" if row.error is None else f"{row.error:.1e}"
        beyond = "" if row.within else "  beyond"
        lines.append(f"{line}{error:>10}{row.tolerance:>10.1e}{beyond}")
    return "\n".join(lines)


def as_rows(rows: Sequence[Compared]) -> list[dict[str, object]]:
    return [asdict(row) | {"within": row.within} for row in rows]


def _read(path: Path) -> Case:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            case: Case = dict(file)
    except Exception as error:  # zip's, numpy's and the system's own
        raise InputError(
            f"'{path}' cannot be read ({type(error).__name__}); write it with numpy.savez"
        ) from error
    if any(name in case for name in HEARD):
        return case
    lost = next((name for name in IDS if name not in case), None)
    if lost is not None:
        raise InputError(
            f"'{path}' has no {lost}: a case has {' and '.join(IDS)}, and tensors made of them; "
            f"or, of encoding, {' or '.join(HEARD)}"
        )
    if len({len(case[name]) for name in IDS}) != 1:
        lengths = " and ".join(f"{name} {len(case[name])}" for name in IDS)
        raise InputError(f"'{path}' has rows {lengths}; give each stream its speaker")
    return case


def _inputs(
    semantic: np.ndarray, tokens: np.ndarray, codec: BiCodec, path: Path
) -> tuple[list[Step], Condition]:
    steps: list[Step] = [(int(code),) for code in semantic.reshape(-1)]
    size = codec.config.quantizer.codebook_size
    wrong = next((code for (code,) in steps if not 0 <= code < size), None)
    if wrong is not None:
        raise InputError(f"'{path}': semantic has {wrong}, codes are 0 to {size - 1}")
    condition = tuple(int(token) for token in tokens.reshape(-1))
    try:
        codec.speakers.speaker(condition)
    except ValueError as error:
        raise InputError(f"'{path}': glob: {error}") from error
    return steps, condition


def _traced(codec: BiCodec, inputs: Sequence[tuple[list[Step], Condition]]) -> Case:
    rows = [codec.trace(*one) for one in inputs]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _error(ours: np.ndarray | None, theirs: np.ndarray) -> float | None:
    """Official modules hand out some tensors with the channels last, and vectors without
    positions."""
    if ours is None:
        return None
    for form in (ours, ours[..., 0], np.swapaxes(ours, 1, -1)):
        if form.shape == theirs.shape:
            largest = float(np.abs(form.astype(np.float64) - theirs).max())
            return largest if np.isfinite(largest) else None
    return None

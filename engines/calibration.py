"""What quantisation is calibrated on: prompts followed by audio tokens, never news text.

A calibrator runs strings through the model and records the range of each activation. The default of
TensorRT-LLM and ModelOpt is a news corpus, on which a speech model's audio rows are never touched.
Here every string is a whole training-shaped sequence: prompt, then several seconds of audio ids
written out as the tokenizer's own added tokens, in the order of their slots.

Real token streams (of the reference backend, or of the training set) are best; without them a
generator writes streams of the right form. Its codes are not speech: they visit the whole codebook
evenly and hold a code now and then, as sustained sounds do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from random import Random

from tensorrt_tts.errors import CorruptCheckpointError, SettingError
from tensorrt_tts.families.orpheus.tokens import AUDIO_OFFSET, SLOTS
from tensorrt_tts.files import read_text

ORPHEUS_CODEBOOK = 4096
SPARK_SEMANTIC = 8192
SPARK_GLOBAL = 4096
SPARK_GLOBALS = 32
"""Voice tokens before the semantic ones (Spark-TTS, speaker encoder)."""

SAMPLES = 512
"""Strings per calibration: TensorRT-LLM's and ModelOpt's own default."""

LENGTH = 1024
"""Ids per string. Both calibrators cut here, and TensorRT-LLM's own one appends a summary cue to
each string first; with at least this many audio ids the cue falls off the end."""

HOLD = 0.3
"""Probability that the generator repeats the previous frame's code of a slot."""

SENTENCES = (
    "The ferry leaves at nine, and the next one not before noon.",
    "Could you read that number to me once more, please?",
    "Rain is expected in the hills; the coast stays dry.",
    "She laughed, put down the phone, and opened the window.",
    "Your order has been shipped and should arrive on Friday.",
    "Nobody had told him that the bridge was closed.",
    "Turn left after the church, then keep to the river.",
    "I am sorry, I did not catch your name.",
)


def dataset(folder: Path, texts: Sequence[str]) -> Path:
    """Writes the strings where both calibrators find them; returns the path to pass on.

    ModelOpt's loader takes any folder: train split, column "text". TensorRT-LLM's own knows three
    dataset names, and recognises them anywhere in a path: for "lambada" it reads the validation
    split and the column "text". One folder of that name with both splits serves both.
    """
    target = folder / "lambada-audio-tokens"
    target.mkdir(parents=True)
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    for split in ("train", "validation"):
        (target / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return target


def texts(
    kind: str,
    streams: Sequence[Sequence[int]] | None = None,
    voices: Sequence[str] = ("tara",),
    samples: int = SAMPLES,
    length: int = LENGTH,
    seed: int = 0,
) -> list[str]:
    """The calibration strings of a model family.

    kind: "orpheus" or "spark". streams: audio code sequences (see `read_streams`), used in turn;
    None generates them. voices: names for Orpheus prompts. Equal arguments give equal
    strings.
    """
    random = Random(seed)
    source = cycle(streams) if streams else None
    if kind == "orpheus":
        return list(islice(_orpheus(random, source, voices, length), samples))
    return list(islice(_spark(random, source, length), samples))


def _orpheus(
    random: Random, source: Iterator[Sequence[int]] | None, voices: Sequence[str], length: int
) -> Iterator[str]:
    for voice, sentence in zip(cycle(voices), cycle(SENTENCES)):
        codes: list[int] = []
        while len(codes) < length:
            codes += next(source) if source else _frames(random, length)
        audio = "".join(
            f"<custom_token_{AUDIO_OFFSET + ORPHEUS_CODEBOOK * (place % SLOTS) + code}>"
            for place, code in enumerate(codes)
        )
        # The prompt of families/orpheus; tokenizers add begin_of_text in front by themselves.
        yield (
            f"<custom_token_3><|begin_of_text|>{voice}: {sentence}<|eot_id|>"
            f"<custom_token_4><custom_token_5><custom_token_1>{audio}"
        )


def _frames(random: Random, length: int) -> list[int]:
    """Codes of whole frames, at least `length` of them."""
    codes = [random.randrange(ORPHEUS_CODEBOOK) for _ in range(SLOTS)]
    while len(codes) < length:
        previous = codes[-SLOTS:]
        codes += [
            code if random.random() < HOLD else random.randrange(ORPHEUS_CODEBOOK)
            for code in previous
        ]
    return codes


def _spark(random: Random, source: Iterator[Sequence[int]] | None, length: int) -> Iterator[str]:
    for sentence in cycle(SENTENCES):
        voice = [random.randrange(SPARK_GLOBAL) for _ in range(SPARK_GLOBALS)]
        codes: list[int] = []
        while len(codes) < length:
            if source:
                codes += next(source)
            elif codes and random.random() < HOLD:
                codes.append(codes[-1])
            else:
                codes.append(random.randrange(SPARK_SEMANTIC))
        yield (
            f"<|task_tts|><|start_content|>{sentence}<|end_content|><|start_global_token|>"
            + "".join(f"<|bicodec_global_{code}|>" for code in voice)
            + "<|end_global_token|><|start_semantic_token|>"
            + "".join(f"<|bicodec_semantic_{code}|>" for code in codes)
        )


def read_streams(path: Path, kind: str) -> list[list[int]]:
    """Real streams from JSON lines: each a list of codes, or an object with a list "codes".

    Orpheus codes are 0 … 4095 in the order of the slots, whole frames; Spark's 0 … 8191.

    Raises SettingError naming the line and what is wrong with it.
    """
    top = ORPHEUS_CODEBOOK if kind == "orpheus" else SPARK_SEMANTIC
    streams = []
    try:
        lines = read_text(path, SettingError, "write it in UTF-8").splitlines()
    except FileNotFoundError:
        raise SettingError(f"calibration file {str(path)!r} cannot be read: no such file") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"calibration file {str(path)!r}, line {number}"
        try:
            found = json.loads(line)
        except ValueError:
            raise SettingError(f"{where}: not JSON; write one list of codes per line") from None
        codes = found.get("codes") if isinstance(found, dict) else found
        if not isinstance(codes, list) or not codes:
            raise SettingError(f"{where}: no codes; write one list of codes per line")
        for code in codes:
            if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < top:
                raise SettingError(f"{where}: code {code!r} is not in 0 … {top - 1}")
        if kind == "orpheus" and len(codes) % SLOTS:
            raise SettingError(f"{where}: {len(codes)} codes are not whole frames of {SLOTS}")
        streams.append(codes)
    if not streams:
        raise SettingError(f"calibration file {str(path)!r} holds no streams")
    return streams


def audio_tokens(kind: str, token_id: Callable[[str], int | None]) -> tuple[int, int]:
    """Ids of the first and of the last audio token of a model family.

    Raises CorruptCheckpointError where the tokenizer has none.
    """
    names = (
        [f"<custom_token_{AUDIO_OFFSET}>", f"<custom_token_{AUDIO_OFFSET + 7 * 4096 - 1}>"]
        if kind == "orpheus"
        else ["<|bicodec_semantic_0|>", f"<|bicodec_semantic_{SPARK_SEMANTIC - 1}|>"]
    )
    first, last = (token_id(name) for name in names)
    if first is None or last is None:
        missing = names[0] if first is None else names[1]
        raise CorruptCheckpointError(
            f"tokenizer lacks {missing!r}, an audio token: use the tokenizer saved with the weights"
            " of a model that was trained for speech"
        )
    return first, last


def verify(
    kind: str,
    strings: Sequence[str],
    encode: Callable[[str], Sequence[int]],
    token_id: Callable[[str], int | None],
) -> None:
    """Checks with the checkpoint's own tokenizer that the strings' audio becomes audio ids.

    encode: text to ids, adding nothing. token_id: one token's id, or None.

    Raises CorruptCheckpointError: a tokenizer that splits `<custom_token_…>` into letters would
    calibrate the model on spelling.
    """
    first, last = audio_tokens(kind, token_id)
    for string in strings:
        ids = encode(string)
        start = max((i for i, token in enumerate(ids) if not first <= token <= last), default=-1)
        audio = [token - first for token in ids[start + 1 :]]
        expected = string.count("<|bicodec_semantic_")
        if kind == "orpheus":
            expected = string.count("<custom_token_") - 4  # the prompt's control tokens
            audio = [
                code
                for place, code in enumerate(audio)
                if code // ORPHEUS_CODEBOOK == place % SLOTS
            ]
        if len(audio) != expected:
            raise CorruptCheckpointError(
                f"tokenizer turns {expected} audio tokens of a calibration string into "
                f"{len(audio)} audio ids in their slots: use the tokenizer saved with the weights"
            )

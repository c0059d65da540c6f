"""Which ids a model has, and which rows of its output head are padding.

ModelOpt pads embedding and head of AWQ checkpoints with zeros to a multiple of 64 rows (0.37,
`model_config_export.py`), and TensorRT-LLM's config.json then names the padded size only. A padded
row's logit is 0, above most real ones, so it must never be sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, PositiveInt

from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.backends.vocabulary import check_ids
from tensorrt_tts.engine_folder.check import EngineInfo
from tensorrt_tts.engine_folder.formats import AWQ_VOCAB_MULTIPLE
from tensorrt_tts.errors import CheckpointNotFoundError, SettingError
from tensorrt_tts.files import read_json
from tensorrt_tts.tokenizer import TextTokenizer

WHOLE = "give the folder of a whole checkpoint"


class _Config(BaseModel):
    vocab_size: PositiveInt


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """rows: of the output head, hence logits. size: ids that may be used, the first rows; None
    where some of the last rows may be padding and nothing tells how many."""

    rows: int
    size: int | None

    @property
    def padded(self) -> bool:
        return self.size != self.rows

    def check(self, prompt: Prompt, sampling: Sampling) -> None:
        """Raises SettingError as `check_ids`, and for a request that leaves padding open."""
        check_ids(prompt, sampling, self.rows if self.size is None else self.size)
        if self.size is None and not sampling.grammar.cycle:
            raise SettingError(
                f"a grammar without a cycle leaves the padding among this AWQ engine's {self.rows} "
                "ids open; give one, or copy the checkpoint's tokenizer.json beside the engine"
            )


def engine_vocabulary(info: EngineInfo) -> Vocabulary:
    """Of an engine. Where its head may be padded, the plan it was built by tells how many ids there
    are, or the tokenizer.json beside it. Raises CorruptCheckpointError for one that cannot be read.
    """
    assert info.config is not None
    rows = info.config.pretrained_config.vocab_size
    if info.vocab_size is not None:
        return Vocabulary(rows, info.vocab_size)
    if rows % AWQ_VOCAB_MULTIPLE:
        return Vocabulary(rows, rows)
    if not (info.folder / "tokenizer.json").is_file():
        return Vocabulary(rows, None)
    return Vocabulary(rows, min(rows, TextTokenizer(info.folder).size))


def checkpoint_vocabulary(checkpoint: Path) -> Vocabulary:
    """Of a checkpoint that runs as it is: nothing is padded on one GPU.

    Raises CheckpointNotFoundError without a config.json, CorruptCheckpointError for one that does
    not say.
    """
    path = checkpoint / "config.json"
    try:
        rows = read_json(path, _Config, remedy=WHOLE).vocab_size
    except FileNotFoundError:
        raise CheckpointNotFoundError(f"'{path}' does not exist; {WHOLE}") from None
    return Vocabulary(rows, rows)

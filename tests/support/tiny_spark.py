"""A whole Spark-layout model of a few megabytes with random weights, laid out as the released one:
a language model in LLM and a codec in BiCodec. It speaks noise."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.support.tiny_bicodec import write_bicodec
from tests.support.tiny_orpheus import CHARACTERS

TASKS = (
    *("vc", "tts", "asr", "s2s", "t2s", "understand", "cap", "controllable_tts"),
    *("prompt_tts", "edit"),
)

MARKS = (
    *(f"task_{name}" for name in TASKS),
    *("start_content", "start_style_label", "start_acoustic_token"),
    *("start_global_token", "start_semantic_token"),
    *("end_content", "end_style_label", "end_acoustic_token"),
    *("end_global_token", "end_semantic_token"),
)

LABELS = {
    "gender": 2,
    "pitch_label": 5,
    "speed_label": 5,
    "pitch_value": 1001,
    "speed_value": 11,
}

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def write_tokenizer(folder: Path, without: tuple[str, ...] = ()) -> int:
    """Character-level text, then the marks and codes, added as the released tokenizer has them:
    most of them not "special". without: tokens it lacks. Returns the vocabulary's size."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    letters = [*SPECIAL, "<unk>", *CHARACTERS, "[", "]"]
    tokenizer = Tokenizer(
        models.WordLevel({name: index for index, name in enumerate(letters)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    added = [
        *(f"<|bicodec_global_{code}|>" for code in range(4096)),
        *(f"<|bicodec_semantic_{code}|>" for code in range(8192)),
        *(f"<|{name}_{number}|>" for name, count in LABELS.items() for number in range(count)),
        *(f"<|{name}|>" for name in MARKS),
    ]
    tokenizer.add_tokens(
        [AddedToken(name, normalized=False) for name in added if name not in without]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer.get_vocab_size()


def write_language_model(
    folder: Path, spec: str = "spark", speakers: dict[str, Any] | None = None, seed: int = 0
) -> Path:
    """A Qwen2 of 2 layers that never stops by itself. speakers: a `speakers.json` beside it."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    vocab_size = write_tokenizer(folder)
    config = Qwen2Config(
        vocab_size=vocab_size,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen2ForCausalLM(config)
        torch.nn.init.normal_(model.lm_head.weight, std=0.5)  # logits that differ: greedy is stable
        # A mark is a little less likely than the likeliest step, and never the likeliest.
        model.lm_head.weight.data[: len(SPECIAL)] = 0
        model.lm_head.weight.data[vocab_size - len(MARKS) :] = 0
    model.save_pretrained(folder)
    path = folder / "config.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(written | {"tts_spec": spec}), encoding="utf-8")
    if speakers is not None:
        (folder / "speakers.json").write_text(json.dumps(speakers), encoding="utf-8")
    return folder


def write_spark(folder: Path, spec: str = "spark", speakers: dict[str, Any] | None = None) -> Path:
    write_language_model(folder / "LLM", spec, speakers)
    write_bicodec(folder / "BiCodec")
    return folder


@lru_cache(maxsize=1)
def tiny_spark_folder() -> Path:
    """Made once per test process."""
    return write_spark(Path(mkdtemp(prefix="tiny-spark-")))

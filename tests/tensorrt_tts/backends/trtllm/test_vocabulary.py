"""How many of an engine's rows are ids, from what its folder holds, and ids that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling
from tensorrt_tts.backends.trtllm.vocabulary import (
    Vocabulary,
    checkpoint_vocabulary,
    engine_vocabulary,
)
from tensorrt_tts.engine_folder.check import EngineInfo
from tensorrt_tts.engine_folder.config import EngineConfig
from tensorrt_tts.engine_folder.manifest import Manifest
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError, SettingError
from tests.support.tiny_orpheus import write_tokenizer

GRAMMAR = Grammar((range(10, 14), range(14, 18)))


def info(folder: Path, rows: int, algorithm: str | None, planned: int | None = None) -> EngineInfo:
    """What `check_engine` says of an engine; planned: ids by the manifest's plan."""
    pretrained = {
        "architecture": "LlamaForCausalLM",
        "dtype": "float16",
        "vocab_size": rows,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "quantization": {"quant_algo": algorithm},
    }
    build = {"max_batch_size": 4, "max_seq_len": 512, "max_num_tokens": 512}
    config = EngineConfig.model_validate(
        {"version": "1.2.1", "pretrained_config": pretrained, "build_config": build}
    )
    plan = {} if planned is None else {"architecture": {"vocab_size": planned}}
    manifest = Manifest.model_construct(plan=plan)
    return EngineInfo(folder, config, manifest, ())


def test_only_awq_heads_are_padded(tmp_path: Path) -> None:
    size = write_tokenizer(tmp_path, codebook_size=16)
    rows = -(-size // 64) * 64
    assert size < rows
    for algorithm in ("W4A16_AWQ", "W4A8_AWQ"):
        assert engine_vocabulary(info(tmp_path, rows, algorithm)) == Vocabulary(rows, size)
    for algorithm in (None, "W8A16", "W4A16", "FP8", "W8A8_SQ_PER_CHANNEL"):
        assert engine_vocabulary(info(tmp_path, rows, algorithm)) == Vocabulary(rows, rows)
    assert engine_vocabulary(info(tmp_path, size, "W4A16_AWQ")) == Vocabulary(size, size)


def test_the_plan_comes_before_the_tokenizer(tmp_path: Path) -> None:
    """Qwen2's tokenizer knows fewer ids than its model has rows."""
    write_tokenizer(tmp_path, codebook_size=16)
    for folder in (tmp_path, tmp_path / "none"):
        found = engine_vocabulary(info(folder, 166016, "W4A16_AWQ", planned=166000))
        assert found == Vocabulary(166016, 166000)
    assert engine_vocabulary(info(tmp_path, 166000, None, planned=166000)).padded is False


def test_a_tokenizer_larger_than_the_head_adds_no_rows(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, codebook_size=16)
    assert engine_vocabulary(info(tmp_path, 64, "W4A16_AWQ")) == Vocabulary(64, 64)


def test_without_a_tokenizer_only_restricted_requests_are_served(tmp_path: Path) -> None:
    vocabulary = engine_vocabulary(info(tmp_path, 1024, "W4A16_AWQ"))
    assert vocabulary == Vocabulary(1024, None)
    vocabulary.check(Prompt((1, 1023)), Sampling(max_tokens=1, grammar=GRAMMAR))
    with pytest.raises(
        SettingError, match=r"a grammar without a cycle.*tokenizer\.json beside the engine"
    ):
        vocabulary.check(Prompt((1,)), Sampling(max_tokens=1))


def test_an_unreadable_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(CorruptCheckpointError, match=r"tokenizer\.json"):
        engine_vocabulary(info(tmp_path, 1024, "W4A16_AWQ"))


@pytest.mark.parametrize(
    ("prompt", "grammar", "says"),
    [
        ((1, 1000), Grammar(), "prompt has id 1000"),
        ((-1,), Grammar(), "prompt has id -1"),
        ((1,), Grammar(stops=(2, 1023)), "stops has id 1023"),
        ((1,), Grammar(stops=(-1,)), "stops has id -1"),
        ((1,), Grammar((range(990, 1001),)), "grammar has id 1000"),
        ((1,), Grammar((range(5), range(1000, 1008))), "grammar has id 1000"),
        ((1,), Grammar((range(5),), prefix=(range(-1, 3),)), "grammar has id -1"),
    ],
)
def test_ids_outside_are_refused_before_the_gpu_reads_there(
    prompt: tuple[int, ...], grammar: Grammar, says: str
) -> None:
    sampling = Sampling(max_tokens=1, grammar=grammar)
    with pytest.raises(SettingError, match=f"{says}, the model's ids end at 999"):
        Vocabulary(1024, 1000).check(Prompt(prompt), sampling)


def test_the_last_id_passes() -> None:
    sampling = Sampling(max_tokens=1, grammar=Grammar((range(999, 1000),), stops=(999,)))
    Vocabulary(1024, 1000).check(Prompt((0, 999)), sampling)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("[]", r"the content is \[\], not an object"),
        ('{"vocab_size": "many"}', "vocab_size is 'many', not a whole number"),
        ("{}", "vocab_size is missing"),
        ('{"vocab_size": null}', "vocab_size is None, not a whole number"),
        ('{"vocab_size": 0}', "vocab_size is 0, which must be above 0"),
    ],
)
def test_a_checkpoint_that_does_not_say(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"config\.json' does not exist; give the"):
        checkpoint_vocabulary(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=f"{says}.*; give the folder of a whole"):
        checkpoint_vocabulary(tmp_path)


def test_a_checkpoint_that_runs_as_it_is_has_no_padding(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": 156940}))
    vocabulary = checkpoint_vocabulary(tmp_path)
    assert vocabulary == Vocabulary(156940, 156940)
    assert not vocabulary.padded

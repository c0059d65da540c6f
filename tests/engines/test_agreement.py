"""What is one language and what is another, judged on real models and not on made-up arrays.

Every altered model reads the reference's own speech, as an engine would be asked to; test_verify.py
does the same through a backend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engines.agreement import (
    Answers,
    Group,
    Limits,
    NextId,
    Ranking,
    Verdict,
    judge,
    limits,
)
from engines.verify import Passage, Size, far_positions, near_positions, rated, speak
from engines.verify_prompts import SpokenPrompt, prompts
from engines.verify_reference import Reference
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.engine_folder.formats import Format, every_format
from tensorrt_tts.errors import EngineError
from tests.support import altered_models
from tests.support.altered_models import BROKEN, ROUNDED, Alter

SIZE = Size(prompts=3, spoken=42, read=20, far_spoken=240, far=40)


@dataclass(frozen=True)
class Spoken:
    reference: Reference
    passages: list[Passage]

    @torch.inference_mode()
    def said_by(self, model: Any) -> Answers:
        """What a model holds most likely at each position that an engine is asked about."""
        passages = []
        for one in self.passages:
            ids = torch.tensor([[*one.prompt, *one.speech]])
            rows = model(input_ids=ids, logits_to_keep=len(one.speech) + 1, use_cache=False)
            logits = rows.logits[0].float().nan_to_num(nan=torch.inf)
            best = logits.argmax(-1).tolist()
            passages.append(
                replace(
                    one,
                    said={at: best[at] for at in near_positions(one, SIZE)},
                    far={at: best[at] for at in far_positions(one, SIZE)},
                    ranking=logits[0].topk(5).indices.tolist(),
                )
            )
        return rated(self.reference, passages)

    def verdict(self, alter: Alter, fmt: str = "bf16") -> Verdict:
        return judge(self.said_by(alter(self.reference._model)), limits(Format.parse(fmt)))


def spoken(folder: Path, asked: Sequence[SpokenPrompt]) -> Spoken:
    reference = Reference(folder, "cpu")
    return Spoken(reference, asyncio.run(speak(reference, asked, SIZE)))


@pytest.fixture(scope="module")
def demo() -> Spoken:
    """The voice that ships: a trained model."""
    asked = prompts(demo_folder("lm"), SIZE.prompts, str(demo_folder("codec")))
    return spoken(demo_folder("lm"), asked)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """Llama 3.2's RoPE on random weights, its scaling from the 512th position of wavelength on: the
    released models' begins at 2048, where random weights hardly look."""
    from transformers import LlamaConfig, LlamaForCausalLM

    scaling = {**altered_models.LLAMA3, "original_max_position_embeddings": 512}
    config = LlamaConfig(**SMALL, head_dim=128, rope_parameters={**scaling, "rope_theta": 500000.0})
    return random_text(attentive(LlamaForCausalLM, config, 5, 4), tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """Qwen2's biases, its head tied to the embedding."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    rope = {"rope_type": "default", "rope_theta": 1000000.0}
    config = Qwen2Config(**SMALL, tie_word_embeddings=True, rope_parameters=rope)
    return random_text(attentive(Qwen2ForCausalLM, config, 4, 16), tmp_path_factory.mktemp("qwen"))


SMALL: dict[str, Any] = {
    "vocab_size": 500,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 131072,
}


def attentive(kind: Any, config: Any, sharper: float, louder: float) -> Any:
    """A model of random weights that looks at some positions and hears what is there: as they are
    made, they attend to all alike and pass on the last id."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(config)
        torch.nn.init.normal_(model.get_output_embeddings().weight, std=0.5)
    for layer in model.model.layers:
        layer.self_attn.q_proj.weight.data *= sharper
        layer.self_attn.k_proj.weight.data *= sharper
        for part in (layer.self_attn.v_proj, layer.self_attn.o_proj, layer.mlp.down_proj):
            part.weight.data *= louder
    return model


def random_text(model: Any, folder: Path) -> Spoken:
    """As a checkpoint, with ids that nobody spoke: such models have nothing to say."""
    model.save_pretrained(folder)
    source = torch.Generator().manual_seed(0)
    ids = torch.randint(SMALL["vocab_size"], (940,), generator=source).tolist()
    first, second = Passage(ids[:20], ids[20:]), Passage(ids[500:520], ids[520:562])
    return Spoken(Reference(folder, "cpu"), [first, second])


@pytest.mark.parametrize("name", ROUNDED)
def test_rounding_is_the_same_language(demo: Spoken, name: str) -> None:
    verdict = demo.verdict(ROUNDED[name], name)
    assert verdict.same, verdict.table()
    assert verdict.cause is None


@pytest.mark.parametrize("name", sorted(set(BROKEN) - {"rope scaling"}))
def test_another_language_is_none_at_any_precision(demo: Spoken, name: str) -> None:
    """RoPE scaling apart: the demo's base is 10000, and what it scales is longer than speech."""
    answers = demo.said_by(BROKEN[name](demo.reference._model))
    for fmt in ("fp16", "int8", "int4-awq"):
        verdict = judge(answers, limits(Format.parse(fmt)))
        assert not verdict.same, verdict.table()


@pytest.mark.parametrize("name", ["bf16", "fp16", "int8", "int8-sq"])
@pytest.mark.parametrize("model", ["llama", "qwen"])
def test_rounding_of_other_architectures(
    model: str, name: str, request: pytest.FixtureRequest
) -> None:
    verdict = request.getfixturevalue(model).verdict(ROUNDED[name], name)
    assert verdict.same, verdict.table()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("llama", "rope base"),
        ("llama", "rope scaling"),
        ("llama", "layer order"),
        ("llama", "head of the embedding"),
        ("qwen", "rope base"),
        ("qwen", "layer order"),
        ("qwen", "head off by one"),
        ("qwen", "overflow"),
    ],
)
def test_faults_of_other_architectures(
    model: str, name: str, request: pytest.FixtureRequest
) -> None:
    verdict = request.getfixturevalue(model).verdict(BROKEN[name], "bf16")
    assert not verdict.same, verdict.table()


@pytest.mark.parametrize(
    ("name", "says"),
    [("overflow", "says id 0 nearly everywhere"), ("head off by one", "plus 1")],
)
def test_the_usual_causes_are_named(demo: Spoken, name: str, says: str) -> None:
    cause = demo.verdict(BROKEN[name]).cause
    assert cause is not None
    assert says in cause


SAME = [NextId(n, n, 0.0) for n in range(20)]
WRONG = [NextId(3 * n + 5, n, 6.0) for n in range(20)]
RANKING = [Ranking((1, 2, 3, 4, 5), (1, 2, 3, 5, 4))]
WHOLE = Answers(SAME, SAME, SAME, RANKING)


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        (replace(WHOLE, far=WRONG), "wrong further on: RoPE"),
        (replace(WHOLE, generated=WRONG), "the KV cache"),
        (replace(WHOLE, read=WRONG), None),
        (replace(WHOLE, rankings=[Ranking((9, 8, 7, 6, 5), (1, 2, 3, 4, 5))]), None),
        (replace(WHOLE, read=[replace(one, outside=True) for one in WRONG]), "padded rows"),
    ],
)
def test_each_group_has_to_pass(answers: Answers, cause: str | None) -> None:
    assert judge(WHOLE, limits(Format.parse("fp16"))).same
    verdict = judge(answers, limits(Format.parse("int4-awq")))
    assert not verdict.same
    assert (verdict.cause is None) if cause is None else (cause in str(verdict.cause))


def test_ids_beyond_the_vocabulary_are_never_near() -> None:
    assert Group.of([NextId(999, 1, 0.0, outside=True)]).near == 0


def test_a_near_tie_is_no_difference_but_many_of_them_are() -> None:
    close = [NextId(1, 2, 0.04) for _ in SAME]
    allowed = Limits(0.05, 0.95, 0.7)
    assert judge(replace(WHOLE, read=close), allowed).same
    assert not judge(replace(WHOLE, read=[replace(one, gap=0.4) for one in close]), allowed).same


def test_engines_that_take_no_long_sequence_are_judged_by_the_rest_and_it_is_said() -> None:
    verdict = judge(replace(WHOLE, far=()), limits(Format.parse("fp16")))
    assert verdict.same
    assert "the engine takes no sequence so long" in verdict.table()
    assert verdict.summary().endswith("nothing was compared far into a sequence")
    whole = judge(WHOLE, limits(Format.parse("fp16"))).summary()
    assert "nothing" not in whole


@pytest.mark.parametrize(
    "answers",
    [
        Answers([], [], [], []),
        replace(WHOLE, read=()),
        replace(WHOLE, rankings=()),
        Answers([], SAME, SAME, RANKING),
    ],
)
def test_nothing_passes_for_want_of_questions(answers: Answers) -> None:
    with pytest.raises(EngineError, match="says nothing about the engine"):
        judge(answers, limits(Format.parse("int4-awq")))


@pytest.mark.parametrize("gap", [float("nan"), float("inf")])
def test_a_gap_that_is_no_number_does_not_pass(gap: float) -> None:
    ids = [*SAME, NextId(1, 2, gap)]
    for answers in (
        replace(WHOLE, read=ids),
        replace(WHOLE, far=ids),
        replace(WHOLE, generated=ids),
    ):
        assert not judge(answers, limits(Format.parse("int4-awq"))).same


def test_an_engine_that_repeats_what_it_was_forbidden_does_not_pass() -> None:
    repeats = [Ranking((1, 1, 1, 1, 1), (1, 2, 3, 4, 5))]
    assert not judge(replace(WHOLE, rankings=repeats), limits(Format.parse("int4-awq"))).same


def test_coarser_formats_are_held_to_less() -> None:
    gaps = {str(fmt): limits(fmt).gap for fmt in every_format()}
    assert gaps["fp16"] == gaps["bf16"] < gaps["int8"] == gaps["fp16+kv-int8"] < gaps["int4-awq"]

"""Prompts as ids: those of the string that the released code builds, in each of its forms."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar
from tensorrt_tts.errors import TextError
from tensorrt_tts.families.spark.prompt import build_prompt, grammar
from tensorrt_tts.families.spark.tokens import SparkTokens
from tensorrt_tts.families.spark.voices import (
    Gender,
    Level,
    Reference,
    SparkVoice,
    Style,
    Template,
)
from tensorrt_tts.tokenizer import TextTokenizer
from tests.support.tiny_orpheus import CHARACTERS
from tests.support.tiny_spark import tiny_spark_folder

CODES = tuple(range(4064, 4096))
GLOBALS = "".join(f"<|bicodec_global_{code}|>" for code in CODES)
SAID = Reference(transcript="He said so. ", semantics=(5, 0, 8191))

STYLE = Style(gender=Gender.MALE, pitch=Level.VERY_LOW, speed=Level.HIGH)
BY_NAME = SparkVoice("Mitra", "und", internal="lipakshi")
GIVEN = SparkVoice("Asha", "hi", globals=CODES)
CLONED = SparkVoice("me", "en", globals=CODES, reference=SAID)
DESCRIBED = SparkVoice("deep", "en", style=STYLE)
EXACT = replace(DESCRIBED, style=STYLE.model_copy(update={"pitch_value": 1000, "speed_value": 0}))
MADE_UP = replace(EXACT, globals=CODES)

PLAIN = Template(content="{text}")
TAGGED = Template(content="{voice}: {text}", tag="[{tag}]")

TEXT = "Good morning."


@cache
def read() -> tuple[TextTokenizer, SparkTokens]:
    tokenizer = TextTokenizer(tiny_spark_folder() / "LLM")
    return tokenizer, SparkTokens.resolve(tokenizer.token_id, tokenizer.size, 4096, 8192)


@pytest.fixture
def tokenizer() -> TextTokenizer:
    return read()[0]


@pytest.fixture
def tokens() -> SparkTokens:
    return read()[1]


FORMS = {
    "given": (
        PLAIN,
        GIVEN,
        f"<|task_tts|><|start_content|>{TEXT}<|end_content|><|start_global_token|>{GLOBALS}"
        "<|end_global_token|><|start_semantic_token|>",
    ),
    "given, by name": (
        TAGGED,
        GIVEN,
        f"<|task_tts|><|start_content|>Asha: {TEXT}<|end_content|><|start_global_token|>{GLOBALS}"
        "<|end_global_token|><|start_semantic_token|>",
    ),
    "cloned with its words": (
        PLAIN,
        CLONED,
        f"<|task_tts|><|start_content|>He said so. {TEXT}<|end_content|><|start_global_token|>"
        f"{GLOBALS}<|end_global_token|><|start_semantic_token|><|bicodec_semantic_5|>"
        "<|bicodec_semantic_0|><|bicodec_semantic_8191|>",
    ),
    "by name": (
        TAGGED,
        BY_NAME,
        f"<|task_tts|><|start_content|>lipakshi: {TEXT}<|end_content|><|start_global_token|>",
    ),
    "described": (
        PLAIN,
        DESCRIBED,
        f"<|task_controllable_tts|><|start_content|>{TEXT}<|end_content|><|start_style_label|>"
        "<|gender_1|><|pitch_label_0|><|speed_label_3|><|end_style_label|><|start_acoustic_token|>",
    ),
    "described exactly": (
        PLAIN,
        EXACT,
        f"<|task_controllable_tts|><|start_content|>{TEXT}<|end_content|><|start_style_label|>"
        "<|gender_1|><|pitch_label_0|><|speed_label_3|><|end_style_label|><|start_acoustic_token|>"
        "<|pitch_value_1000|><|speed_value_0|><|end_acoustic_token|><|start_global_token|>",
    ),
    "described and heard": (
        PLAIN,
        MADE_UP,
        f"<|task_controllable_tts|><|start_content|>{TEXT}<|end_content|><|start_style_label|>"
        "<|gender_1|><|pitch_label_0|><|speed_label_3|><|end_style_label|><|start_acoustic_token|>"
        "<|pitch_value_1000|><|speed_value_0|><|end_acoustic_token|><|start_global_token|>"
        f"{GLOBALS}<|end_global_token|><|start_semantic_token|>",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_string_of_the_released_code(
    tokenizer: TextTokenizer, tokens: SparkTokens, form: str
) -> None:
    template, voice, string = FORMS[form]
    prompt = build_prompt(template, (), tokens, TEXT, voice, tokenizer)
    assert list(prompt.ids) == tokenizer.encode(string)


@given(text=st.text(alphabet=CHARACTERS, min_size=1))
def test_whatever_the_text_is(text: str) -> None:
    tokenizer, tokens = read()
    string = f"<|task_tts|><|start_content|>{text}<|end_content|><|start_global_token|>"
    prompt = build_prompt(PLAIN, (), tokens, text, BY_NAME, tokenizer)
    assert list(prompt.ids) == tokenizer.encode(string)


def test_tags_and_braces(tokenizer: TextTokenizer, tokens: SparkTokens) -> None:
    text = "Oh <laughs> no {text} <b> {voice}!"
    prompt = build_prompt(TAGGED, ("laughs",), tokens, text, BY_NAME, tokenizer)
    inside = tokenizer.encode("lipakshi: Oh [laughs] no {text} <b> {voice}!")
    assert list(prompt.ids[2:-2]) == inside


@pytest.mark.parametrize(
    "text",
    [
        "So <|im_end|> it goes",
        "<|bicodec_semantic_5|>",
        "a <|task_edit|> b",
        "<|pitch_value_3|>",
        "<|endoftext|>",
    ],
)
def test_a_text_that_spells_a_token_is_refused(
    tokenizer: TextTokenizer, tokens: SparkTokens, text: str
) -> None:
    with pytest.raises(TextError, match=r"spells the special token <\|"):
        build_prompt(PLAIN, (), tokens, text, BY_NAME, tokenizer)


def test_what_is_only_like_a_token_is_text(tokenizer: TextTokenizer, tokens: SparkTokens) -> None:
    prompt = build_prompt(PLAIN, (), tokens, "<|bicodec_semantic_8192|>", BY_NAME, tokenizer)
    assert not any(token in tokens.semantics for token in prompt.ids)


@pytest.mark.parametrize(
    ("voice", "before"),
    [(GIVEN, 0), (CLONED, 0), (BY_NAME, 34), (DESCRIBED, 38), (EXACT, 34), (MADE_UP, 0)],
)
def test_what_may_come(tokens: SparkTokens, voice: SparkVoice, before: int) -> None:
    found = grammar(tokens, voice)
    assert len(found.prefix) == before
    assert found.cycle == (tokens.semantics,)
    assert found.stops == tokens.stops
    # A stop comes only where a step may, and never in a speaker.
    assert all(len(found.legal(position)) == 1 for position in range(before))
    assert len(found.legal(before)) == 3


def test_a_speaker_by_name_is_written_first(tokens: SparkTokens) -> None:
    found: Grammar = grammar(tokens, BY_NAME)
    assert found.prefix[:32] == (tokens.globals,) * 32
    assert [ids[0] for ids in found.prefix[32:]] == [
        tokens.marks["end_global_token"],  # type: ignore[index]
        tokens.marks["start_semantic_token"],  # type: ignore[index]
    ]

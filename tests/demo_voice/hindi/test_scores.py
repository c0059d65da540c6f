"""What is measured of Hindi speech."""

import sys
import types
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoring import distillmos
from demo_voice.hindi import scores
from demo_voice.hindi.reference_loss import LEAST, ReferenceLoss, character_error
from demo_voice.hindi.scores import HindiJudge, HindiScore, hindi_summary

TEXTS = ["घर चलो।", "घर आओ।", "वह कल आएगा।"]


@pytest.mark.parametrize(
    ("text", "heard", "error"),
    [
        ("घर चलो।", "घर, चलो", 0.0),
        ("ज़रा", "ज\u093cरा", 0.0),
        ("मेरा Phone", "मेरा phone", 0.0),
        ("घर चलो।", "घर चल", 1 / 5),
        ("घर", "", 1.0),
        ("घर", "कखगघङचछ", 1.0),
    ],
)
def test_character_errors(text: str, heard: str, error: float) -> None:
    assert character_error(text, heard) == pytest.approx(error)


@given(st.text("कखग ,।", max_size=12), st.text("कखग ,।", max_size=12))
def test_a_character_error_is_a_share(text: str, heard: str) -> None:
    assert 0 <= character_error(text, heard) <= 1
    assert character_error(text, text) == 0


class Whisper:
    """Hears the text whose number the audio's length is, and writes it in its own way."""

    def __init__(self, *given: object, **settings: object) -> None:
        self.model = self
        self.hf_tokenizer = SimpleNamespace(token_to_id=len, encode=self.encode)

    def encode(self, given: object, **settings: object) -> object:
        if isinstance(given, str):
            return SimpleNamespace(ids=[ord(letter) for letter in given])
        return given

    def feature_extractor(self, audio: np.ndarray) -> np.ndarray:
        return np.full((80, 10), len(audio) // 16_000)

    def align(self, heard: np.ndarray, start: object, ids: list[list[int]], size: int) -> object:
        said = TEXTS[int(heard[0, 0]) - 1]
        wanted = [ord(letter) for letter in f" {said}"]
        probability = [0.5 if wanted == ids[0] else 0.1] * len(ids[0])
        return [SimpleNamespace(text_token_probs=np.asarray(probability))]

    def transcribe(self, audio: np.ndarray, **settings: object) -> object:
        assert settings["language"] == "hi"
        return [SimpleNamespace(text=" " + TEXTS[len(audio) // 16_000 - 1][:-2])], None


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HindiJudge:
    package = types.ModuleType("faster_whisper")
    package.WhisperModel = Whisper  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    monkeypatch.setattr("demo_voice.hindi.reference_loss.join", lambda folder: folder)
    monkeypatch.setattr(distillmos, "OpinionScore", lambda: lambda audio, rate: 4.0)
    return HindiJudge(tmp_path, TEXTS)


def test_the_right_text_is_first_and_another_is_not(judge: HindiJudge) -> None:
    audio = np.zeros(16_000, np.float32)
    right, wrong = judge(TEXTS[0], audio, 16_000), judge(TEXTS[1], audio, 16_000)
    assert (right.rank, wrong.rank) == (1, 2)
    assert right.loss == pytest.approx(np.log(2))
    assert right.character_error == pytest.approx(1 / 5)
    assert right.mos == 4.0
    assert right.seconds == 1.0


def test_what_is_too_short_gets_the_lowest_marks(judge: HindiJudge) -> None:
    score = judge(TEXTS[0], np.zeros(100, np.float32), 16_000)
    assert (score.rank, score.character_error, score.mos) == (3, 1.0, 1.0)
    assert score.loss == scores.WORST_LOSS < -np.log(LEAST)


def test_losses_of_texts_are_those_of_their_own_tokens(judge: HindiJudge) -> None:
    loss = judge._loss
    assert isinstance(loss, ReferenceLoss)
    found = loss(np.zeros(48_000, np.float32), 16_000, TEXTS)
    assert found == pytest.approx([np.log(10), np.log(10), np.log(2)])


def test_a_summary_has_shares_means_and_a_median() -> None:
    made = [HindiScore("", "", 1 + i, 1 + i % 3, i / 10, 4.0, 2.0) for i in range(6)]
    found = hindi_summary(made, [True] + [False] * 5, [False] * 4 + [True] * 2)
    assert found == scores.HindiSummary(6, 3.5, 0.3333, 0.25, 4.0, 0.1667, 0.3333)

"""Phonemes for voices that read phonemes."""

import builtins
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import MissingDependencyError, TextError
from tensorrt_tts.text import phonemes
from tensorrt_tts.text.phonemes import phonemize, tidy


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("həlˈO", "həlˈO."),
        ("həlˈO ðˈɛɹ!", "həlˈO ðˈɛɹ!"),
        ("həlˈO; ðˈɛɹ: “sˈO…”", "həlˈO, ðˈɛɹ, sˈO."),
        ("həlˈO?! ðˈɛɹ", "həlˈO? ðˈɛɹ."),
        ("(həlˈO) ðˈɛɹ.", "həlˈO, ðˈɛɹ."),
        ("...", ""),
        ("", ""),
        ("“”", ""),
    ],
)
def test_tidy(raw: str, wanted: str) -> None:
    assert tidy(raw) == wanted


def test_english() -> None:
    pytest.importorskip("hibari")
    assert phonemize("Hello there.") == "həlˈO ðˈɛɹ."
    assert phonemize("[Hello](/x/) there.").startswith("həlˈO")


def test_given_phonemes_are_taken_as_they_are() -> None:
    pytest.importorskip("hibari")
    assert phonemize("A [tomato](/təmˈɑTO/).") == "ɐ təmˈɑTO."
    long = "ˌɪntəɹnˌæʃənəlɪzˈAʃənˌæləstɹˈæsənd"
    assert phonemize(f"[I18n](/{long}/) & [fish](/fish/)!") == f"{long} ænd fˈɪʃ, fˈɪʃ."


def test_only_trained_symbols() -> None:
    pytest.importorskip("hibari")
    from demo_voice.lm.vocabulary import SYMBOLS

    text = 'Dr. Smith\'s 3 "odd" cats — (grey & old); they cost $4.50 at 7:30, <b>no</b>…'
    assert set(phonemize(text)) <= set(SYMBOLS)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("①Dr. Smith", "1Dr. Smith"),
        ("¹ré", "1ré"),
        ("H₂O", "H2O"),
        ("१२ cats", "12 cats"),
        ("4" * 20, " ".join("4" * 20)),
        (
            "see http://example.com/one/two/three_four/five.",
            "see http example com one two three_four five.",
        ),
        ("1,234,567,890,123,456,789", " ".join("1234567890123456789")),
    ],
)
def test_odd_numbers(odd: str, plain: str) -> None:
    pytest.importorskip("hibari")
    assert phonemize(odd) == phonemize(plain)


def test_the_time_to_read_grows_with_the_length_alone() -> None:
    """Whatever is typed: it is one thread that reads for all."""
    pytest.importorskip("hibari")
    phonemize("Hello.")
    seconds = {}
    for text in ("The rain had stopped. " * 22, "http://" + "a.b/" * 120, "x" * 487, "a-" * 243):
        began = time.process_time()
        phonemize(text)
        seconds[text[:8]] = time.process_time() - began
    assert max(seconds.values()) < 2, seconds


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["the", "Dr.", "$", "%", "½", "①", "é", "12", "7" * 40, "'", "-", "°"]),
            st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8),
        ),
        max_size=8,
    )
)
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    pytest.importorskip("hibari")
    for separator in ("", " "):
        with contextlib.suppress(TextError):
            phonemize(separator.join(words))


def test_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_hibari(name, *rest, **more):
        if name.startswith("hibari"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_hibari)
    phonemes._reader.cache_clear()
    with pytest.raises(MissingDependencyError, match="pip install hibari-tts"):
        phonemize("Hello.")
    phonemes._reader.cache_clear()

"""Phonemes for voices that read phonemes."""

import builtins

import pytest

from tensorrt_tts.errors import MissingDependencyError
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


def test_only_trained_symbols() -> None:
    pytest.importorskip("hibari")
    from demo_voice.lm.vocabulary import SYMBOLS

    text = 'Dr. Smith\'s 3 "odd" cats — (grey & old); they cost $4.50 at 7:30, <b>no</b>…'
    assert set(phonemize(text)) <= set(SYMBOLS)


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

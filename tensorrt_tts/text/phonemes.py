"""English text to phonemes, for voices that read phonemes. No torch.

The phonemes are hibari's (Apache-2.0): the misaki alphabet, one character a symbol, American
English. Punctuation that the shipped voice never saw in training becomes the nearest one it did.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from tensorrt_tts.errors import MissingDependencyError

_PUNCTUATION = str.maketrans({";": ",", ":": ",", "…": ".", "(": ",", ")": ","})
_DROPPED = re.compile(r"[\"“”ʔ̃ː]")
_REPEATED = re.compile(r"\s*([,.?!—])(?:\s*[,.?!—])*\s*")
_ENDS = ".?!"


@functools.cache
def _reader() -> Any:
    """hibari's grapheme-to-phoneme converter; loads its lexicon once (about half a second)."""
    try:
        from hibari.g2p import G2P
    except ImportError as error:
        raise MissingDependencyError(
            "this voice reads phonemes and 'hibari-tts' is not installed; "
            "install it with `pip install hibari-tts`"
        ) from error
    return G2P()


def phonemize(text: str) -> str:
    """Phonemes of one sentence or clause, ending in punctuation; "" if nothing can be spoken.

    Raises MissingDependencyError.
    """
    return tidy(_reader()(_plain(text)))


def tidy(phonemes: str) -> str:
    """Only punctuation the voice knows: single marks, none in front, one at the end."""
    text = _DROPPED.sub("", phonemes.translate(_PUNCTUATION))
    text = _REPEATED.sub(lambda mark: f"{mark[1]} ", text)
    text = re.sub(r"\s+", " ", text).strip(" ,.?!—") + _closing(text)
    return text if any(c.isalpha() for c in text) else ""


def _closing(text: str) -> str:
    last = text.rstrip()[-1:]
    return last if last and last in _ENDS else "."


def _plain(text: str) -> str:
    """Brackets would be read by the converter as its own markup for given phonemes."""
    return re.sub(r"[\[\]]", " ", text)

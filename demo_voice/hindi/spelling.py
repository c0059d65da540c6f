"""Hindi text as the characters that a prompt has: one character a token, no pronunciation. Pure."""

from __future__ import annotations

import re
import unicodedata

NUKTA = dict(zip("कखगजडढफ", map(chr, range(0x0958, 0x095F)), strict=True))
"""A consonant and its form with a dot, one character each; editors would take those apart."""
FLAPS = (NUKTA["ड"], NUKTA["ढ"])

LETTERS = (
    "ँंः" + "अआइईउऊऋएऐऑओऔ" + "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह" + "ािीुूृेैॉोौ्" + "".join(NUKTA.values())
)
"""The Devanagari of a prompt."""

_LIKE = str.maketrans(
    {
        "।": ".",
        "॥": ".",
        "-": " ",
        "–": " ",
        "—": ",",
        ";": ",",
        ":": ",",
        "’": "'",
        "ऍ": "ए",
        "ॅ": "ॉ",
        "\u200c": "",
        "\u200d": "",
        "\u00ad": "",
    }
)
_DOTTED = re.compile("([कखगजडढफ])\u093c")
_REPEATED = re.compile(r"\s*([,.?!])[\s,.?!]*")


def spell(text: str) -> str:
    """The text with one character for each letter, single spaces, and plain marks.

    A dotted consonant is one character whichever way it was written, and ``।`` is a full stop. What
    is neither Devanagari, Latin nor a known mark becomes a space.
    """
    text = unicodedata.normalize("NFC", text).translate(_LIKE)
    text = _DOTTED.sub(lambda found: NUKTA[found[1]], text).replace("\u093c", "")
    text = re.sub(rf"[^{LETTERS}A-Za-z'.,?! ]", " ", text)
    text = _REPEATED.sub(lambda mark: f"{mark[1]} ", text)
    return re.sub(r"\s+", " ", text).strip(" ,")


def is_latin(word: str) -> bool:
    """Whether a word is written in Latin letters: it is read as English."""
    return any(c.isascii() and c.isalpha() for c in word)

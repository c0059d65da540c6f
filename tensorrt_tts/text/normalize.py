"""Text as a user typed it to text that a speech model reads well, or a clear error. Pure.

Only what is safe in every language: Unicode form, spaces, quotes, runs of punctuation. Numbers and
abbreviations are left to the model or to the phoneme front end, which know the language.
"""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.errors import TextError

MAX_CHARACTERS = 5000
"""About six minutes of speech. OpenAI's speech endpoint stops at 4096."""

NOTHING_TO_SPEAK = "text has nothing to speak: it needs at least one letter or digit"

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPECIAL_TOKEN = re.compile(r"<custom_token_\d+>|<\|[^<>|]{1,40}\|>|<spk_[^<>]{1,40}>")
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_RUNS = re.compile(r"([!?।,;:])(?:\s*\1)+")
_DOTS = re.compile(r"[.…]{2,}")
_NO_END = " ,;:-–—"
_ENDINGS = ".!?।…\"')>。！？"
_UNDECIDED = ".…!?।,;:-–—\u037e"
"""With white space, all that the patterns above may change together with what follows it, and what
is dropped at the end. U+037E is ";" once composed."""


def normalize(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Raises TextError for text that is empty, too long, holds control characters, or spells a
    special token of the model (which would be read as an instruction, not spoken)."""
    normalizer = Normalizer(max_characters)
    text = normalizer.feed(text) + normalizer.end()
    if not speakable(text):
        raise TextError(NOTHING_TO_SPEAK)
    return text


def speakable(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in text)


class Normalizer:
    """`normalize` for text that is still coming: what it gives no further text can change.

    It holds the last character, which an accent may still join, and the spaces, stops and dashes
    before it. What it refuses it has not taken in.
    """

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._taken = 0  # characters
        self._open: list[str] = []  # from the last "<" on, where a special token may have begun
        self._held: list[str] = []
        self._last = ""  # character given; "" at the beginning

    def feed(self, text: str) -> str:
        """Raises TextError as `normalize` does, except for text with nothing to speak."""
        if not text:
            return ""
        self._check(text)
        self._taken += len(text)
        settled = self._settled(text)
        if settled is None:
            self._held.append(text)
            return ""
        front = "".join([*self._held, text[:settled]])
        self._held = [text[settled:]]
        return self._read(front)

    def end(self) -> str:
        """The rest, with a mark at its end. What is fed next begins a new text, whose characters
        count on."""
        before = self._last
        text = self._read("".join(self._held)).rstrip(_NO_END)
        self._open, self._held, self._last = [], [], ""
        last = text[-1:] or before
        # Repeated marks and missing final ones make Orpheus repeat itself or fail.
        return text if not last or last in _ENDINGS else text + "."

    def _check(self, text: str) -> None:
        total = self._taken + len(text)
        if total > self._max_characters:
            raise TextError(
                f"text has {total} characters, the limit is {self._max_characters}; "
                "send it in parts"
            )
        bad = _CONTROL.search(text)
        if bad:
            position = self._taken + bad.start()
            if unicodedata.category(bad[0]) == "Cs":
                raise TextError(f"text is not valid UTF-8 at position {position}; convert it first")
            raise TextError(
                f"text holds the control character U+{ord(bad[0]):04X} at position {position}; "
                "remove it"
            )
        if ">" in text:
            opened = "".join([*self._open, text])
            special = _SPECIAL_TOKEN.search(opened)
            if special:
                raise TextError(
                    f"text holds {special[0]!r} at position {total - len(opened) + special.start()}"
                    ", which is a special token of the model and cannot be spoken; remove it"
                )
            self._open = []
        if "<" in text:
            self._open = [text[text.rindex("<") :]]
        elif self._open:
            self._open.append(text)

    def _settled(self, text: str) -> int | None:
        """Where in new `text` that ends which no further text can change; None: nowhere."""
        before = self._held[-1][-1] if self._held else " "
        for index in reversed(range(len(text))):
            previous = text[index - 1] if index else before
            decided = not previous.isspace() and previous not in _UNDECIDED
            if decided and not _composes(text[index]):
                return index
        return None

    def _read(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text).translate(_QUOTES)
        text = _SPACES.sub(" ", text)
        if not self._last:
            text = text.lstrip()
        text = _DOTS.sub("…", text)
        text = _RUNS.sub(r"\1", text)
        self._last = text[-1:] or self._last
        return text


def _composes(character: str) -> bool:
    """Whether Unicode's composed form may join it to what is before it: marks, and the Korean and
    Kirat Rai vowels and finals that are letters."""
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1160" <= character <= "\u11ff"
        or "\U00016d63" <= character <= "\U00016d6a"
    )

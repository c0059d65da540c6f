"""What is refused of a text, and its typography: what is safe in every language. Pure.

Unicode form, spaces, quotes, runs of punctuation, a mark at the end. Numbers and abbreviations are
`text.spoken`'s.
"""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.errors import NothingToSpeakError, TextError
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.result import Spoken
from tensorrt_tts.text.spoken.stages.sanitise import compose

MAX_CHARACTERS = 5000
"""About six minutes of speech. OpenAI's speech endpoint stops at 4096."""

NOTHING_TO_SPEAK = "text has nothing to speak: it needs at least one letter or digit"

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPECIAL_TOKEN = re.compile(r"<custom_token_\d+>|<\|[^<>|]{1,40}\|>|<spk_[^<>]{1,40}>")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_ENDS = re.compile(r"^\s+|\s+$")
_SPACES = re.compile(r"\s{2,}|[^\S ]")
_RUNS = re.compile(r"([!?।,;:])(?:\s*\1)+")
_DOTS = re.compile(r"\.[.…]+|…[.…]+")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_NO_END = " ,;:-–—"
_ENDINGS = frozenset(".!?…।॥>。！？؟۔")
_CLOSERS = frozenset("\"')]}」』）】*_ \u200d\ufe0f")


def check_text(text: str, max_characters: int = MAX_CHARACTERS) -> None:
    """Raises TextError for text that is empty, too long, holds control characters, or spells a
    special token of the model (which would be read as an instruction, not spoken)."""
    TextCheck(max_characters).feed(text)
    if not speakable(text):
        raise NothingToSpeakError(NOTHING_TO_SPEAK)


def speakable(text: str) -> bool:
    return _LETTER_OR_DIGIT.search(text) is not None


def typeset(text: str) -> Spoken:
    """In Unicode's composed form, with plain quotes, single spaces and single marks."""
    draft = Draft(text)
    compose(draft)
    draft.text = draft.text.translate(_QUOTES)  # one character for each
    draft.sub(_ENDS, lambda match: "")
    draft.sub(_SPACES, lambda match: " ")
    draft.sub(_DOTS, lambda match: "…")
    draft.sub(_RUNS, lambda match: match[1])
    return Spoken(draft.text, tuple(draft.changes))


def closed(text: str) -> str:
    """A sentence with a mark at its end: repeated marks and missing final ones make Orpheus repeat
    itself or fail. One inside closing quotes or brackets or in front of emoji counts; so does a
    tag."""
    text = text.rstrip(_NO_END)
    end = len(text)
    while end and (
        text[end - 1] in _CLOSERS or unicodedata.category(text[end - 1]) in ("So", "Sk")
    ):
        end -= 1
    return text if not end or text[end - 1] in _ENDINGS else text + "."


class TextCheck:
    """`check_text` for text that is still coming, except that some of it has to be speakable."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._taken = 0  # characters
        self._open: list[str] = []  # from the last "<" on, where a special token may have begun

    def feed(self, text: str) -> None:
        """Raises TextError with the position in the whole text. What it refuses it has not taken
        in."""
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
        self._taken = total

    def end(self) -> None:
        """What is fed next begins a new text, whose characters count on."""
        self._open = []

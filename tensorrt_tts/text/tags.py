"""Tags for laughter and the like, `<laugh>`, as the model was trained with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tensorrt_tts.identifiers import find_name

_TAG = re.compile(r"<\s*([^<>]{1,40}?)\s*>")
_LONGEST_OPEN = 43
"""Characters of a tag that is not closed yet, in normalised text: "<", 40 and a space around."""


def spell_tags(text: str, tags: Sequence[str]) -> str:
    """`< Laugh >` becomes `<laugh>` where `laugh` is one of the tags: any other spelling would be
    read out. What is no tag stays as it is."""

    def spell(found: re.Match[str]) -> str:
        tag = find_name(found[1], tags)
        return found[0] if tag is None else f"<{tag}>"

    return _TAG.sub(spell, text)


class TagSpeller:
    """`spell_tags` for normalised text that is still coming: it holds what may be a tag's start."""

    def __init__(self, tags: Sequence[str]) -> None:
        self._tags = tags
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        start = text.rfind("<") if self._tags else -1
        if start < 0 or ">" in text[start:] or len(text) - start > _LONGEST_OPEN:
            start = len(text)
        self._held = text[start:]
        return spell_tags(text[:start], self._tags)

    def end(self) -> str:
        """The rest. What is fed next begins a new text."""
        held, self._held = self._held, ""
        return held

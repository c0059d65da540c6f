"""Tags for laughter and the like, `<laugh>`, as the model was trained with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tensorrt_tts.identifiers import find_name

_TAG = re.compile(r"<\s*([^<>]{1,40}?)\s*>")


def spell_tags(text: str, tags: Sequence[str]) -> str:
    """`< Laugh >` becomes `<laugh>` where `laugh` is one of the tags: any other spelling would be
    read out. What is no tag stays as it is."""

    def spell(found: re.Match[str]) -> str:
        tag = find_name(found[1], tags)
        return found[0] if tag is None else f"<{tag}>"

    return _TAG.sub(spell, text)

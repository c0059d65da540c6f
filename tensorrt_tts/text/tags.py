"""Tags for laughter and the like, `<laugh>`, as the model was trained with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tensorrt_tts.identifiers import find_name
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.result import Spoken

_TAG = re.compile(r"<\s*([^<>]{1,40}?)\s*>")


def spell_tags(text: str, tags: Sequence[str]) -> Spoken:
    """`< Laugh >` becomes `<laugh>` where `laugh` is one of the tags: any other spelling would be
    read out. What is no tag stays as it is."""

    def spell(found: re.Match[str]) -> str:
        tag = find_name(found[1], tags)
        return found[0] if tag is None else f"<{tag}>"

    draft = Draft(text)
    draft.sub(_TAG, spell)
    return Spoken(draft.text, tuple(draft.changes))

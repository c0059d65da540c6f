"""Tags for laughter and the like: the voice's own are kept, the others go. See `SpokenOptions`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tensorrt_tts.identifiers import find_name
from tensorrt_tts.text.pronounced import PRONOUNCED
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_TAG = lazy(r"\[ ?([^\W\d_][^\[\]<>\n]{0,38}?) ?\]|< ?/?([^\W\d_][^<>\[\]\n]{0,38}?) ?/?>")
_STAGE_DIRECTION = lazy(r"(?<!\w)\*([A-Za-z][a-z ]{2,30})\*(?!\w)|\(([A-Za-z][a-z ]{2,30})\)")
_KINDS = (
    "laugh laughs laughing laughter haha|laughs_harder laugh_harder|starts_laughing|"
    "chuckle chuckles chuckling|giggle giggles giggling|sigh sighs sighing|cough coughs coughing|"
    "sniffle sniffles sniffling sniff sniffs|groan groans groaning|yawn yawns yawning|"
    "gasp gasps gasping|whimper whimpers|cry cries crying|sob sobs sobbing|moan moans|"
    "whisper whispers whispering|scream screams screaming|shout shouts shouting|snort snorts|"
    "gulp gulps|hum hums humming|clears_throat clear_throat clearing_throat|"
    "breath breathes breathing|inhale inhales|exhale exhales|sings singing|pause long_pause|"
    "wheezing wheezes|applause|clapping|music|angry|happy|sad|excited|curious|sarcastic|surprised|"
    "mischievously|nervous|cheerful|crosstalk"
)
_KIND = {
    name.replace("_", " "): kind for kind in (k.split() for k in _KINDS.split("|")) for name in kind
}
"""Every known tag, and the other names of the same."""

_DIRECTIONS = frozenset(_KIND) - {"pause", "music", "happy", "sad", "angry", "curious", "excited"}
_FIRST = 0xF0000  # plane 15, private use: `sanitise` has removed what a text may have had there
_KEPT = lazy("[\U000f0000-\U000ffffd]")


def tags(draft: Draft) -> None:
    """Each tag that is kept, and each word with its pronunciation, becomes one character of its own
    until `restore_tags`."""
    draft.kept.clear()
    voice_tags = draft.options.tags
    if draft.options.pronounced and "](/" in draft.text:
        draft.sub(PRONOUNCED, lambda match: _hidden(draft, match[0]))
    if "[" in draft.text or "<" in draft.text:
        draft.sub(_TAG, lambda match: _kept(draft, match, voice_tags, known_only=False))
    if "*" in draft.text or "(" in draft.text:
        draft.sub(_STAGE_DIRECTION, lambda match: _kept(draft, match, voice_tags, known_only=True))


def is_direction(words: str) -> bool:
    return words.lower() in _DIRECTIONS


def restore_tags(draft: Draft) -> None:
    if draft.kept:
        draft.sub(_KEPT, lambda match: draft.kept[ord(match[0]) - _FIRST])


def _kept(
    draft: Draft, found: re.Match[str], voice_tags: Sequence[str] | None, *, known_only: bool
) -> str | None:
    name = (found[1] or found[2]).strip()
    kind = _KIND.get(name.lower().replace("_", " "))
    if known_only and name.lower() not in _DIRECTIONS:
        return None
    if voice_tags is None:
        tag = found[0] if kind and not known_only else None
    else:
        tag = _spelled(name, kind, voice_tags)
    if tag is not None:
        return _hidden(draft, tag)
    if kind:
        return " "
    if found[0][0] == "<" and (found[0][1] == " " or len(name.split()) > 3):
        return None  # a comparison
    return name


def _hidden(draft: Draft, kept: str) -> str | None:
    draft.kept.append(kept)
    return chr(_FIRST + len(draft.kept) - 1) if len(draft.kept) <= 0xFFFD else None


def _spelled(name: str, kind: Sequence[str] | None, voice_tags: Sequence[str]) -> str | None:
    names = {tag.strip("<>[] "): tag for tag in voice_tags}
    found = find_name(name, names) or next(
        (
            each
            for each in names
            if kind
            and each.replace("_", " ").lower() in [other.replace("_", " ") for other in kind]
        ),
        None,
    )
    if found is None:
        return None
    return names[found] if names[found] != found else f"<{found}>"

"""SSML, HTML and Markdown: understood where they say how a thing is read, else removed."""

from __future__ import annotations

import re

from tensorrt_tts.text.pronounced import PRONOUNCED, american, pronounced
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.tags import is_direction

_ENTITY = lazy(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_COMMENT = lazy(r"<!--[^<>]{0,1000}-->|<[?!][^<>]{0,300}>")
_SUB = lazy(r"<sub\s[^<>]{0,100}?alias=[\"']([^\"'<>]{1,200})[\"'][^<>]{0,100}>[^<>]{0,300}</sub>")
_SAY_AS = lazy(
    r"<say-as\s([^<>]{0,60}?)interpret-as=[\"']([\w-]{1,30})[\"']([^<>]{0,100})>([^<>]{0,300})</say-as>",
    re.IGNORECASE,
)
_PHONEME = lazy(r"<phoneme\b([^<>]{0,300}?)(?:/>|>([^<>\[\]]{0,300})</phoneme\s*>)", re.IGNORECASE)
_IN_IPA = lazy(r"\bph=(?:\"([^\"]{1,300})\"|'([^']{1,300})')", re.IGNORECASE)
_OTHER_ALPHABET = lazy(r"\balphabet=(?![\"']?ipa\b)", re.IGNORECASE)
_PAUSE = lazy(r" ?<break\b([^<>]{0,100})> ?", re.IGNORECASE)
_BREAKS = lazy(
    r"</?(?:p|s|div|section|article|header|footer|ul|ol|li|table|tr|h[1-6]|blockquote|pre|br|hr|"
    r"paragraph|sentence)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_INLINE = lazy(
    r"</?(?:speak|emphasis|prosody|voice|lang|mark|audio|phoneme|token|w|sub|sup|say-as|amazon:\w+|"
    r"mstts:[\w-]+|b|i|u|em|strong|small|big|span|a|img|font|code|kbd|del|ins|abbr|cite|q|td|th|"
    r"tbody|thead|html|body|head|title|script|style|center|label|button|input|form|nav|main|"
    r"figure|figcaption|video|source|svg|path)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
_IMAGE_OR_LINK = lazy(
    r"!?\[([^\[\]\n]{0,300})\](?:\([^()\s]{0,500}(?:\([^()\s]{0,100}\)[^()\s]{0,100})?"
    r"(?: [\"'][^\"'\n]{0,200}[\"'])?\)|\[[^\[\]\n]{0,100}\])"
)
_FOOTNOTE = lazy(r"\[\^[^\[\]\s]{1,30}\]:?")
_AUTOLINK = lazy(r"<((?:https?://|mailto:)?[^\s<>]{1,200}[.@][^\s<>]{1,300})>")
_EMPHASIS = (
    lazy(r"(?<![\w*])\*{1,3}(?=[^\s*])([^*\n]{1,500})(?<=[^\s*])\*{1,3}(?![\w*])"),
    lazy(r"(?<!\w)_{1,3}(?=[^\s_])([^_\n]{1,500})(?<=[^\s_])_{1,3}(?!\w)"),
    lazy(r"~~(?=\S)([^~\n]{1,500})(?<=\S)~~"),
    lazy(r"`{1,2}([^`\n]{1,500})`{1,2}"),
)
_ESCAPE = lazy(r"\\(?=[\\`*_{}\[\]()#+.!|>~-])")
_ENDED = ".!?।॥…:;,。！？、，"


_SIGNS = frozenset("&<[\\*_~`")


def markup(draft: Draft) -> None:
    if draft.characters.isdisjoint(_SIGNS):
        return
    if "&" in draft.text and ";" in draft.text:
        draft.sub(_ENTITY, _entity)
    if "<" in draft.text and ">" in draft.text:
        draft.sub(_COMMENT, lambda match: " ")
        draft.sub(_SUB, lambda match: match[1])
        draft.sub(_SAY_AS, _say_as)
        if draft.options.pronounced:
            draft.sub(_PHONEME, _phoneme)
        draft.sub(_PAUSE, _pause)
        draft.sub(_BREAKS, lambda match: "\n")
        draft.unwrap(_AUTOLINK)
        draft.sub(_INLINE, lambda match: "")
    if "[" in draft.text:
        draft.sub(_FOOTNOTE, lambda match: "")
        told = draft.options.pronounced
        draft.unwrap(_IMAGE_OR_LINK, lambda link: not (told and PRONOUNCED.fullmatch(link[0])))
    if "\\" in draft.text:
        draft.sub(_ESCAPE, lambda match: "")
    for mark, pattern in zip("*_~`", _EMPHASIS, strict=True):
        if mark in draft.text:
            draft.unwrap(pattern, lambda found: not is_direction(found[1]))  # "*sighs*" is a tag


def _entity(entity: re.Match[str]) -> str | None:
    import html  # its table of names takes longer to load than most texts to read

    said, plain = entity[0], html.unescape(entity[0])
    return None if plain == said else plain.replace("\xa0", " ")


def _phoneme(found: re.Match[str]) -> str | None:
    """None, and the word is read by its spelling, where it is in no IPA that can be read."""
    given = None if _OTHER_ALPHABET.search(found[1]) else _IN_IPA.search(found[1])
    phonemes = given and american(given[1] or given[2])
    return pronounced(found[2] or "", phonemes) if phonemes else None


def _say_as(found: re.Match[str]) -> str:
    """What the stages read rightly by themselves (times, amounts, …) stays as it is."""
    kind, said = found[2].lower(), found[4].strip()
    if kind in ("characters", "spell-out", "verbatim", "digits", "telephone"):
        only = said if kind != "telephone" else re.sub(r"[^\w+]", "", said)
        return " ".join(_LETTER.findall(only))
    if kind == "ordinal" and said.isdecimal():
        text = found.string
        return said + ("వ" if _TELUGU.search(text) else "वाँ" if _HINDI.search(text) else "th")
    if kind in ("cardinal", "number") and len(said) == 4 and said.isdecimal() and said[0] != "0":
        return f"{said[0]},{said[1:]}"  # no year
    date = _MONTH_FIRST.fullmatch(said) if kind == "date" else None
    if date and _FORMAT.search(found[1] + found[3]):
        return f"{date[2]}/{date[1]}/{date[3]}"
    return said


_LETTER = lazy(
    r"\S[\u0300-\u036f\u0900-\u0903\u093a-\u094d\u0c00-\u0c04\u0c3e-\u0c56\u200c\u200d]*"
)
"""With its vowel sign and virama."""
_TELUGU, _HINDI = lazy(r"[\u0c00-\u0c7f]"), lazy(r"[\u0904-\u0939]")
_MONTH_FIRST = lazy(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})")
_FORMAT = lazy(r"format=[\"']md", re.IGNORECASE)
_SHORT = lazy(
    r"time=[\"']?\+?(?:[0-2]?\d?\d ?ms|0?\.[0-2]\d* ?s)\b|"
    r"strength=[\"']?(?:none|x-weak|weak|medium)"
)


def _pause(found: re.Match[str]) -> str:
    before = found.string[: found.start()][-1:]
    if not before or before in _ENDED or before.isspace():
        return " "
    return ", " if _SHORT.search(found[1]) else ". "

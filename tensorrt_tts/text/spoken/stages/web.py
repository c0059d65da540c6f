"""E-mail, web addresses, handles and hashtags, said as they are dictated: "at", "dot", "slash"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.patterns import lazy

_AT = lazy("@")
_EMAIL = lazy(r"(?<![\w.+%-])([\w.+%-]{1,64}@[^\W\d_][\w-]{0,62}(?:\.[\w-]{1,63}){0,6})")
_ENDINGS = (
    r"com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|in|uk|us|me|tv|xyz|tech|online|store|"
    r"site|eu|de|fr|es|it|jp|cn|ru|au|ca|nz|za|br|sg|ae|live|news|cloud|shop|ly|gl|gg|to|be"
)
_HAS_DOMAIN = lazy(rf"\.(?:{_ENDINGS})(?![\w-])")
_URL_SIGN = lazy(rf"\.(?:{_ENDINGS})(?![\w-])|://")
_FILE_ENDS = (
    "pdf docx doc xlsx xls pptx ppt csv tsv txt md json yaml yml toml xml html htm css js ts "
    "py ipynb java cpp zip tar gz rar 7z mp3 mp4 wav mkv avi mov jpeg jpg png gif svg webp exe apk "
    "dmg bat sql ini cfg"
)
_FILE_END = lazy(rf"\.(?:{'|'.join(_FILE_ENDS.split())})(?![\w(-]|\.\w)", re.IGNORECASE)
_CAMEL_DIGITS = lazy(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_SPACE = lazy(r"\s")
_URL = lazy(
    r"(?<![\w@.])(?:(?:https?|ftp|sftp|wss?)://[^\s<>\"|]{1,2000}|"
    rf"(?:www\.[\w-]{{1,63}}|[A-Za-z0-9][A-Za-z0-9-]{{0,62}})(?:\.[A-Za-z0-9-]{{1,63}}){{0,5}}?"
    rf"\.(?:{_ENDINGS})(?![\w-])(?!\.[A-Za-z])(?::\d{{2,5}})?(?:[/?#][^\s<>\"|]{{0,2000}})?)"
)
_DOT_NET = lazy(r"\.(?<!\w\w\w.)(?=NET\b)")
_TRAILING = lazy(r"[.,;:!?)\]'\"।]+$")
_HANDLE = lazy(r"@(?<![\w@.]@)([^\W\d_][\w.]{0,40})")
_HASHTAG = lazy(r"#(?<![\w&#]#)((?:\d{0,6})[^\W\d][\w\u0900-\u0963\u0966-\u0dff]{0,80})")
_CAMEL = lazy(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])|_+")
_PARTS = lazy(r"[^\W\d_]+|\d+|[^\w\s]|_")
_MARKS = {
    ".": "dot", "@": "at", "/": "slash", ":": "colon", "-": "dash", "_": "underscore",
    "?": "question", "=": "equals", "&": "and", "+": "plus", "%": "percent", "#": "hash",
    "~": "tilde",
}  # fmt: skip


def web(draft: Draft) -> None:
    text = draft.text
    if "@" in text:
        draft.replace(_emails(draft))
    if "." in text and ("://" in text or "www." in text or _HAS_DOMAIN.search(text)):
        draft.replace(_urls(draft))
    if "." in draft.text and _FILE_END.search(draft.text):
        draft.replace(_files(draft))
    if ".NET" in text:
        draft.say(_DOT_NET, lambda match, language: f" {language.words['dot']} ")
    if "@" in text:
        draft.say(_HANDLE, lambda match, language: dictated(f"@{match[1]}", language))
    if "#" in text:
        draft.say(_HASHTAG, _hashtag)


def dictated(address: str, language: Language) -> str:
    said = []
    for part in _PARTS.findall(address):
        if part.isdecimal():
            said.append(language.digits(part))
        elif part in _MARKS:
            said.append(language.words[_MARKS[part]])
        elif part[0].isalpha():
            said.append(" ".join(part) if part.lower() == "www" else part)
    return " ".join(said)


def _emails(draft: Draft) -> Iterator[tuple[int, int, str]]:
    text, done = draft.text, 0
    for at in _AT.finditer(text):
        start = at.start()
        while start > max(done, at.start() - 65) and (
            text[start - 1].isalnum() or text[start - 1] in "._+%-"
        ):
            start -= 1
        found = _EMAIL.match(text, start)
        language = draft.language_at(start)
        if found and language is not None:
            yield start, found.end(), _email(found, language)
            done = found.end()


def _urls(draft: Draft) -> Iterator[tuple[int, int, str]]:
    text, done = draft.text, 0
    for sign in _URL_SIGN.finditer(text):
        if sign.start() < done:
            continue
        done = _end_of_word(text, sign.start())
        first = sign.start()
        while first and not text[first - 1].isspace():
            first -= 1
        for found in _URL.finditer(text, first, done):
            language = draft.language_at(found.start())
            if language is not None:
                yield found.start(), found.end(), _url(found, language)


def _files(draft: Draft) -> Iterator[tuple[int, int, str]]:
    """report_v2.pdf, README.md, data.tar.gz"""
    text, done = draft.text, 0
    for end in _FILE_END.finditer(text):
        start = end.start()
        while start > done and (text[start - 1].isalnum() or text[start - 1] in "._-"):
            start -= 1
        language = draft.language_at(start)
        name = text[start : end.start()].lstrip(".-")
        if name and language is not None:
            said, dot = _CAMEL_DIGITS.sub(" ", name), f" {language.words['dot']} "
            done = end.end()
            yield end.start() - len(name), done, said.replace(".", dot) + dot + end[0][1:]


def _end_of_word(text: str, start: int) -> int:
    found = _SPACE.search(text, start)
    return found.start() if found else len(text)


def _email(found: re.Match[str], language: Language) -> str:
    address = found[1].rstrip(".-")
    return dictated(address, language) + found[1][len(address) :]


def _url(found: re.Match[str], language: Language) -> str:
    address = _TRAILING.sub("", found[0])
    tail = found[0][len(address) :]
    return dictated(address.split("://")[-1].rstrip("/"), language) + tail


_ORDER = lazy(
    r"(?:\b(?:order|ticket|booking|invoice|case|bill|ref|reference|id|complaint|awb|issue)|"
    r"ऑर्डर|टिकट|बिल|शिकायत|ఆర్డర్|టికెట్|బిల్లు)\W{1,3}$",
    re.IGNORECASE,
)


def _hashtag(found: re.Match[str], language: Language) -> str | None:
    start = found.start()
    coded = found[1][-1].isdecimal() or found.string[found.end() : found.end() + 1] == "-"
    if coded and _ORDER.search(found.string, max(0, start - 14), start):
        return None  # order #OD4521
    words = _CAMEL.sub(" ", found[1])
    return f"{language.words['hashtag']} {words}"

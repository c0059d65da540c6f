"""E-mail, web addresses, handles and hashtags, said as they are dictated: "at", "dot", "slash"."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language

_EMAIL = re.compile(r"(?<![\w.+%-])(?:mailto:)?([\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6})")
_ENDINGS = (
    r"com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|in|uk|us|me|tv|xyz|tech|online|store|"
    r"site|eu|de|fr|es|it|jp|cn|ru|au|ca|nz|za|br|sg|ae|live|news|cloud|shop|ly|gl|gg|to"
)
_HAS_DOMAIN = re.compile(rf"\.(?:{_ENDINGS})(?![\w-])|://|www\.", re.IGNORECASE)
_URL = re.compile(
    r"(?<![\w@.])(?:(?:https?|ftp|sftp|wss?)://[^\s<>\"|]{1,2000}|"
    rf"(?:www\.[\w-]{{1,63}}|[A-Za-z0-9][A-Za-z0-9-]{{0,62}})(?:\.[A-Za-z0-9-]{{1,63}}){{0,5}}?"
    rf"\.(?:{_ENDINGS})(?![\w-])(?!\.[A-Za-z])(?::\d{{2,5}})?(?:[/?#][^\s<>\"|]{{0,2000}})?)"
)
_TRAILING = re.compile(r"[.,;:!?)\]'\"।]+$")
_HANDLE = re.compile(r"(?<![\w@.])@([^\W\d_][\w.]{0,40})")
_HASHTAG = re.compile(r"(?<![\w&#])#((?:\d{0,6})[^\W\d][\w\u0900-\u0963\u0966-\u0dff]{0,80})")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])|_+")
_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_MARKS = {
    ".": "dot", "@": "at", "/": "slash", ":": "colon", "-": "dash", "_": "underscore",
    "?": "question", "=": "equals", "&": "and", "+": "plus", "%": "percent", "#": "hash",
    "~": "tilde",
}  # fmt: skip


def web(draft: Draft) -> None:
    text = draft.text
    if "@" in text:
        draft.say(_EMAIL, _email)
    if "." in text and _HAS_DOMAIN.search(text):
        draft.say(_URL, _url)
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


def _email(found: re.Match[str], language: Language) -> str:
    address = found[1].rstrip(".-")
    return dictated(address, language) + found[1][len(address) :]


def _url(found: re.Match[str], language: Language) -> str:
    address = _TRAILING.sub("", found[0])
    tail = found[0][len(address) :]
    return dictated(address.split("://")[-1].rstrip("/"), language) + tail


def _hashtag(found: re.Match[str], language: Language) -> str:
    words = _CAMEL.sub(" ", found[1])
    return f"{language.words['hashtag']} {words}"

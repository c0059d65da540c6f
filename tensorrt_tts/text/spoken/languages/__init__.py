"""The languages whose numbers, dates and signs are put in words, by ISO 639 code."""

from __future__ import annotations

from tensorrt_tts.text.spoken.languages.base import Language as Language
from tensorrt_tts.text.spoken.languages.english import English
from tensorrt_tts.text.spoken.languages.hindi import Hindi
from tensorrt_tts.text.spoken.languages.telugu import Telugu

ENGLISH, HINDI, TELUGU = English(), Hindi(), Telugu()
LANGUAGES: dict[str, Language] = {each.code: each for each in (ENGLISH, HINDI, TELUGU)}

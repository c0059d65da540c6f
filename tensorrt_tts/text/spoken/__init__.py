"""Text as people write it, prices, dates and all, to the words a speaker would say. Pure.

English, Hindi and Telugu, and sentences that mix them; of other languages only what is right in
every one (marks that cannot be seen, markup, emoji, tags). docs/text.md says what is read how.
"""

from __future__ import annotations

from tensorrt_tts.text.spoken.pipeline import speak
from tensorrt_tts.text.spoken.pipeline import trace as trace
from tensorrt_tts.text.spoken.result import Spoken as Spoken
from tensorrt_tts.text.spoken.result import SpokenOptions as SpokenOptions

_DEFAULTS = SpokenOptions()


def spoken_form(text: str, language: str | None = None) -> str:
    """A whole text in words; language: BCP 47, None: by the script of each sentence.

    Never raises, and saying it of its own result changes nothing.
    """
    return speak_as(text, SpokenOptions(language)).text


def speak_as(text: str, options: SpokenOptions = _DEFAULTS) -> Spoken:
    """A sentence or a whole text in words, with the way back to what was written.

    Of a sentence the result does not depend on others. Never raises.
    """
    return speak(text, options)

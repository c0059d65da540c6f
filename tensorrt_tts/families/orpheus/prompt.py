"""Prompts as token ids. Pure: the tokenizer is passed in as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tensorrt_tts.errors import CorruptCheckpointError, TextError
from tensorrt_tts.families.orpheus.spec import OrpheusSpec, Voice
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens


def build_prompt(
    spec: OrpheusSpec,
    tokens: OrpheusTokens,
    text: str,
    voice: Voice,
    encode: Callable[[str], Sequence[int]],
    token_id: Callable[[str], int | None],
) -> list[int]:
    """The prompt of one text segment.

    encode: text to ids, adding nothing. token_id: one token's id, or None.

    Raises TextError if the text itself encodes to control or audio tokens, and
    CorruptCheckpointError if the tokenizer lacks the speaker's token.
    """
    prompt: list[int] = []
    for part in spec.prompt.parts:
        if part == "text":
            filled = spec.prompt.text_template.format(voice=voice.name, text=text)
            prompt += _checked(encode(filled), tokens, text)
        elif part == "speaker":
            assert spec.prompt.speaker_token is not None
            name = spec.prompt.speaker_token.format(voice=voice.name)
            speaker = token_id(name)
            if speaker is None:
                raise CorruptCheckpointError(
                    f"tokenizer lacks {name!r}, the speaker token of {spec.name}; use the "
                    "tokenizer saved with the weights"
                )
            prompt.append(speaker)
        else:
            prompt.append(getattr(tokens, part))
    return prompt


def _checked(ids: Sequence[int], tokens: OrpheusTokens, text: str) -> list[int]:
    controls = {tokens.begin_of_text, tokens.end_of_text}
    for token in ids:
        if token in controls or tokens.custom_base <= token < tokens.audio_end:
            raise TextError(
                f"text {text[:40]!r} encodes to the special token {token}; remove the part that "
                "spells it"
            )
    return list(ids)

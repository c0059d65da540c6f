"""From a request to what the backend is asked for. Everything that can be refused is refused here,
before anything is generated."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.errors import SettingError, TextError
from tensorrt_tts.families.orpheus.prompt import build_prompt
from tensorrt_tts.families.orpheus.spec import OrpheusSpec, TextForm
from tensorrt_tts.request_settings import RANGES, problem_with
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.text.normalize import normalize
from tensorrt_tts.text.segment import segment
from tensorrt_tts.text.tags import spell_tags

if TYPE_CHECKING:
    from tensorrt_tts.loading import SpeechModel


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """The text's segments and, for each, the prompt and how its tokens are sampled. seed: of
    the first segment's decoder; the next ones count up from it."""

    segments: list[str]
    prompts: list[Prompt]
    sampling: list[Sampling]
    seed: int


def check_request(request: SpeechRequest, spec: OrpheusSpec) -> None:
    """What can be refused without a model's files. Raises UnknownVoiceError or SettingError."""
    spec.voice(request.voice)
    for name in RANGES:
        value = getattr(request, name)
        problem = None if value is None else problem_with(name, value)
        if problem is not None:
            raise SettingError(problem)


def plan_speech(
    request: SpeechRequest, model: SpeechModel, max_characters: int, max_sequence: int
) -> SpeechPlan:
    """max_sequence: the backend's longest sequence, prompt and answer together.

    Raises TextError, UnknownVoiceError or SettingError.
    """
    spec = model.spec
    check_request(request, spec)
    text = spell_tags(normalize(request.text, max_characters), spec.tags)
    voice = spec.voice(request.voice)
    segments = segment(text, spec.segment_characters)
    base = _sampling(request, model)
    prompts: list[Prompt] = []
    sampling: list[Sampling] = []
    for index, part in enumerate(segments):
        read = _read(part, model)
        ids = build_prompt(
            spec, model.tokens, read, voice, model.tokenizer.encode, model.tokenizer.token_id
        )
        budget = request.max_tokens or spec.budget.tokens(read)
        room = max(1, max_sequence - len(ids))
        # Without a seed the backend draws its own: vLLM samples seeded streams one by one.
        seed = None if request.seed is None else request.seed + index
        prompts.append(Prompt(tuple(ids)))
        sampling.append(replace(base, seed=seed, max_tokens=min(budget, room)))
    seed = secrets.randbits(32) if request.seed is None else request.seed
    return SpeechPlan(segments, prompts, sampling, seed)


def _read(part: str, model: SpeechModel) -> str:
    """A segment in the form the model reads."""
    if model.spec.text_form is not TextForm.PHONEMES:
        return part
    from tensorrt_tts.text.phonemes import phonemize

    phonemes = phonemize(part)
    if not phonemes:
        raise TextError(
            f"text {part[:40]!r} has no English word in it and voice model {model.name!r} "
            "speaks English only; use another --model"
        )
    return phonemes


def _sampling(request: SpeechRequest, model: SpeechModel) -> Sampling:
    """The request's settings, the model's where it has none."""
    chosen = {}
    for name in ("temperature", "top_p", "top_k", "repetition_penalty"):
        value = getattr(request, name)
        chosen[name] = getattr(model.sampling, name) if value is None else value
    return Sampling(max_tokens=1, grammar=model.tokens.grammar(), **chosen)

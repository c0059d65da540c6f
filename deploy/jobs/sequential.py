"""Language model and codec in turn, for a GPU that cannot hold both: nothing streams, but it fits.

Load the language model, generate every token, unload it; load the codec, decode. The decoder runs
in bounded windows, so that the length of the text does not matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.device.ceilings import release
from deploy.jobs.speaker import Spoken, Timing, wav_bytes
from deploy.jobs.speaker_options import SpeakerOptions
from engines.progress import Progress
from tensorrt_tts.audio.pauses import SegmentPauses
from tensorrt_tts.backends.base import Backend
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.families.base import FrameParser
from tensorrt_tts.kept_voice import KeptVoice, generate_all
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.stream_options import StreamOptions

HOP_FRAMES = 64
"""Frames decoded at a time (5.5 s): the context around them then costs less than a tenth."""

RESERVE = 3 << 30
"""Bytes beside the weights: CUDA context, KV cache of one stream, the codec's activations."""


@dataclass(slots=True)
class SequentialSpeech:
    """pcm: int16 (samples,). phases: seconds by name, in order."""

    pcm: np.ndarray
    sample_rate: int
    tokens: int
    phases: dict[str, float] = field(default_factory=dict)


def fit_together(free: int, language_model: int, codec: int) -> bool:
    """Whether both fit at once; bytes of free memory and of weights. A checkpoint's size stands
    for its engine's, which is at most as large."""
    return language_model + codec + RESERVE <= free


async def load_and_speak(
    options: SpeakerOptions, text: str, voice: str | None = None, in_turn: bool = False
) -> Spoken:
    """Load, speak, unload: both models at once where they fit, in turn where not or when asked."""
    model = options.load_model()
    free = free_bytes(options.device)
    weights = weight_bytes(model.folder), weight_bytes(model.codec_folder)
    if not in_turn and fit_together(free, *weights):
        speaker = options.open()
        try:
            return await speaker.speak(text, voice)
        finally:
            await speaker.close()
    done = await speak_sequentially(
        model,
        SpeechRequest(text, voice),
        lambda: options.open_backend(model),
        lambda: options.open_codec(model),
    )
    total = sum(done.phases.values())
    audio = len(done.pcm) / done.sample_rate
    timing = Timing(
        len(text), audio, done.tokens, None, None, total, done.tokens / total, audio / total
    )
    return Spoken(wav_bytes(done.pcm, done.sample_rate), timing, done.phases)


async def speak_sequentially(
    model: SpeechModel,
    request: SpeechRequest,
    open_backend: Callable[[], Backend],
    open_codec: Callable[[], Codec],
) -> SequentialSpeech:
    """Equal to the synthesizer's output for equal seeds, to ±1 LSB. Raises what
    `Synthesizer.stream` and the two openers raise."""
    progress = Progress()
    with progress.phase("load the language model"):
        backend = open_backend()
    try:
        with progress.phase("generate"):
            longest = backend.capacity.max_sequence
            segments = prepare_request(request, model, longest)
            kept = KeptVoice(model.family, longest)
            spoken = await generate_all(backend, segments, kept, "segment")
    finally:
        with progress.phase("unload"):
            await backend.close()
            del backend
            release()
    with progress.phase("load the codec"):
        codec = open_codec()
    options = StreamOptions()
    pauses = SegmentPauses(
        codec.context.sample_rate, options.sentence_pause_s, options.paragraph_pause_s
    )
    parts = [np.zeros(0, np.int16)]
    with progress.phase("decode"):
        for segment, ids in spoken:
            parts.append(np.zeros(pauses.before(segment.before), np.int16))
            for pcm in _decode(codec, model.family.parser(segment.voice), ids, segment.seed):
                pauses.hear(pcm)
                parts.append(pcm)
    tokens = sum(len(ids) for _, ids in spoken)
    return SequentialSpeech(
        np.concatenate(parts), codec.context.sample_rate, tokens, progress.seconds
    )


def _decode(codec: Codec, parser: FrameParser, ids: list[int], seed: int) -> list[np.ndarray]:
    schedule = HopSchedule(hop=HOP_FRAMES * codec.context.steps_per_frame)
    decoder = LookaheadStreamingDecoder(codec, parser, schedule, seed)
    return [*(decoder.push([token]) for token in ids), decoder.flush()]


def free_bytes(device: str) -> int:
    """Memory that is free on a CUDA device now; the machine's own for "cpu"."""
    if device == "cpu":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    import torch

    free: int = torch.cuda.mem_get_info(device)[0]
    return free


def weight_bytes(folder: Path) -> int:
    """Of a checkpoint's or engine's weights, by their files."""
    patterns = ("*.safetensors", "*.engine", "*.bin")
    return sum(path.stat().st_size for pattern in patterns for path in folder.glob(pattern))

"""`Synthesizer`, the one public entry: text in, audio chunks out while they are being generated."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tensorrt_tts.audio.audio_source import AudioSource
from tensorrt_tts.audio.reference import read_reference
from tensorrt_tts.backends.base import Backend, generate
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder
from tensorrt_tts.codecs.scheduler import CodecScheduler
from tensorrt_tts.errors import EngineDiedError, InputError, VoiceFileError
from tensorrt_tts.families.base import Voice
from tensorrt_tts.kept_voice import KeptVoice, generate_all
from tensorrt_tts.prepared import Preparation, PreparedSegment
from tensorrt_tts.request_text import FedText, WholeText, prepare_request, text_feed
from tensorrt_tts.speech import SpeechReport, SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.speech_task import Pipeline, Speech, SpeechTask
from tensorrt_tts.stream_options import StreamOptions

if TYPE_CHECKING:
    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension


class Synthesizer:
    """One loaded model, its backend and its codec, serving many streams at once.

    The codec has one owner, its scheduler, and the event loop stays free. Texts are read on a
    thread.
    """

    def __init__(
        self,
        model: SpeechModel,
        backend: Backend,
        codec: Codec,
        options: StreamOptions | None = None,
        extension: BandwidthExtension | None = None,
    ) -> None:
        """extension: for listeners who ask for its rate; `close` closes it too."""
        self.model = model
        self.backend = backend
        self.codec = codec
        self.options = options or StreamOptions()
        self.sample_rate = codec.context.sample_rate
        self.audio = AudioSource(self.sample_rate, extension)
        """What is spoken, for whoever wants another rate: `audio.at(48_000)` is one stream of it.
        """
        if not self.options.stateful:
            codec.prepare(self.options.schedule)
        self.scheduler = CodecScheduler(codec)
        self.scheduler.start(backend.capacity.cpu_cores)
        self._pipeline = Pipeline(model.family, backend, self.scheduler, self.options)
        self._text_thread = ThreadPoolExecutor(1, thread_name_prefix="text")
        self._names = itertools.count()
        self._running: set[SpeechTask] = set()
        self._closing = False
        self.closed = False

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self.model.spec.voices

    def stream(self, request: SpeechRequest, request_id: str | None = None) -> Speech:
        """Begin to speak. Must be called in a running event loop, else InputError.

        Raises TextError, UnknownVoiceError or SettingError at once, before anything is generated,
        and EngineDiedError after `close`.
        """
        return self.start(self._prepared(request), request_id)

    async def prepare(self, request: SpeechRequest) -> WholeText:
        """Check a request and read its text (normalising, phonemes, ids), for `start`.

        On a thread: it may take seconds, and the event loop is shared with other streams. Raises as
        `stream`.
        """
        self._refuse_if_closed()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._text_thread, self._prepared, request)

    async def open(self, request: SpeechRequest, request_id: str | None = None) -> Speech:
        """As `stream`, but no other stream waits while the text is read. Raises as `stream`."""
        began = time.perf_counter()
        return self.start(await self.prepare(request), request_id, began)

    async def open_fed(
        self,
        request: SpeechRequest,
        request_id: str | None = None,
        lead_s: float = math.inf,
    ) -> Speech:
        """Begin to speak a text that is still coming: `Speech.feed` the rest, then `end` it. The
        request's own text is its beginning, often "". Raises as `stream`.

        lead_s: no segment is begun while a listener who plays in real time has more audio than that
        to play.
        """
        self._refuse_if_closed()
        options = self.options
        feed = text_feed(self.model, request, options.max_characters, options.first_clause)
        preparation = Preparation(request, self.model, self.backend.capacity.max_sequence)
        text = FedText(feed, preparation, self._text_thread)
        task = self._task(request_id, None, lead_s)
        task.report.warnings = text.warnings
        speech = Speech(task, text)
        try:
            await speech.feed(request.text)
        except BaseException:
            await speech.aclose()
            raise
        return speech

    def start(
        self,
        text: WholeText,
        request_id: str | None = None,
        began: float | None = None,
    ) -> Speech:
        """Begin to speak what was prepared. began: `time.perf_counter()` from which the report's
        times count, by default now. Must be called in a running event loop, else InputError."""
        self._refuse_if_closed()
        task = self._task(request_id, began)
        task.report.warnings = text.warnings
        task.add(text.segments)
        if text.is_read:
            task.end()
        else:
            loop = asyncio.get_running_loop()
            task.read_on(lambda: loop.run_in_executor(self._text_thread, text.more))
        return Speech(task)

    async def synthesize(self, request: SpeechRequest) -> tuple[np.ndarray, SpeechReport]:
        """All audio at once: int16 (samples,), and the report."""
        async with self.stream(request) as stream:
            parts = [chunk.pcm async for chunk in stream]
        return np.concatenate([np.zeros(0, np.int16), *parts]), stream.report

    async def generate_tokens(self, request: SpeechRequest) -> list[int]:
        """The audio token ids of the text's first segment, undecoded: for inspecting decoders."""
        return (await self.generate_segments(request, 1))[0][1]

    async def generate_segments(
        self, request: SpeechRequest, most: int | None = None
    ) -> list[tuple[PreparedSegment, list[int]]]:
        """Every segment as it is spoken, or the first `most`, with its token ids, undecoded."""
        segments = prepare_request(request, self.model, *self._limits)[:most]
        longest = self.backend.capacity.max_sequence
        kept = KeptVoice(self.model.family, longest, self.options.voice_tokens)
        return await generate_all(self.backend, segments, kept, f"tokens-{next(self._names)}")

    async def settle_voices(self, text: str) -> list[str]:
        """Let the model write each speaker it knows by name, saying `text`, and keep what it wrote
        for all requests to come: they are one voice, and their first audio waits for no speaker.

        Returns the names of those. Voices with nothing to write, and such as are made up for each
        request, are left as they are.
        """
        family = self.model.family
        wait = [
            (voice, len(family.grammar_of(voice).prefix))
            for voice in self.voices
            if family.lasts(voice)
        ]
        places = asyncio.Semaphore(self.backend.capacity.max_streams)

        async def write(voice: Voice, tokens: int) -> Voice:
            request = SpeechRequest(text, voice.name, seed=0, max_tokens=tokens)
            segment = prepare_request(request, self.model, *self._limits)[0]
            async with places:
                name = f"voice-{next(self._names)}"
                ids = await generate(self.backend, segment.prompt, segment.sampling, name)
            return family.keep(voice, segment.read, ids)

        found = await asyncio.gather(*(write(voice, tokens) for voice, tokens in wait if tokens))
        kept = [voice for voice in found if not family.grammar_of(voice).prefix]
        for voice in kept:
            self.model = self.model.with_voice(voice)
        return [voice.name for voice in kept]

    async def clone_voice(
        self,
        path: Path,
        transcript: str | None = None,
        name: str | None = None,
        device: str = "cpu",
    ) -> Voice:
        """Whoever speaks in a recording becomes a voice for all requests to come: one more, or in
        the place of the one of its name.

        transcript: what is said in it, word for word, which makes a clone closer and every prompt
        longer. name: the file's, unless it is given. device: for encoding, which takes seconds on
        a thread the first time that a recording is given.

        Raises InputError for a recording of no use and SettingError for a model that cannot clone,
        TextError, VoiceFileError, CheckpointError, MissingDependencyError, and EngineDiedError
        after `close`.
        """
        self._refuse_if_closed()
        spec, codec_folder = self.model.spec, self.model.codec_folder
        spec.check_cloning()

        def encode() -> Voice:
            audio = read_reference(path, whole=transcript is not None)
            return spec.clone(audio, transcript, name or path.stem, codec_folder, device)

        voice = await asyncio.to_thread(encode)
        model = self.model.with_voice(voice)
        self.check_room(voice)
        self.model = model
        return voice

    def check_room(self, voice: Voice) -> None:
        """Raises VoiceFileError for one whose reference leaves no room for an answer. Where the
        text is most of a prompt, what the backend holds is its builder's choice."""
        spec, longest = self.model.spec, self.backend.capacity.max_sequence
        fixed = len(self.model.family.prompt("", voice).ids)
        answer = spec.budget.tokens("x" * spec.segment_characters) + spec.segment_characters
        if fixed > spec.segment_characters and fixed + answer > longest:
            raise VoiceFileError(
                f"voice {voice.name!r} puts {fixed} tokens into every prompt, a text and its "
                f"speech may need {answer} more, and backend {self.backend.name!r} holds "
                f"{longest}; use a shorter reference, or one without a transcript"
            )

    def decoder(self, seed: int, voice: Voice | None = None) -> LookaheadStreamingDecoder:
        """A fresh decoder for one segment's tokens, as the streams here are decoded."""
        options, parser = self.options, self.model.family.parser(voice)
        return LookaheadStreamingDecoder(
            self.codec, parser, options.schedule, seed, options.stateful
        )

    async def close(self) -> None:
        """Ends what is running, its listeners with EngineDiedError, and frees the backend. May be
        called twice. `closed` is true when nothing is left: neither a stream that would not stop
        nor a codec that does not come back, for which this waits."""
        self._closing = True
        reason = EngineDiedError("the synthesizer was closed while it spoke; open a new one")
        stopped = await asyncio.gather(
            *(task.stop(reason) for task in list(self._running)),
            return_exceptions=True,
        )
        await self.backend.close()
        extension = self.audio.extension
        releases = [self.scheduler.close, self._text_thread.shutdown]
        for release in [*releases, *([extension.close] if extension is not None else [])]:
            await asyncio.to_thread(release)
        self.closed = not any(stopped)

    async def __aenter__(self) -> Synthesizer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _refuse_if_closed(self) -> None:
        if self._closing:
            raise EngineDiedError("the synthesizer is closed; open a new one")

    def _task(
        self, request_id: str | None, began: float | None, lead_s: float = math.inf
    ) -> SpeechTask:
        _need_a_loop()
        name = request_id or f"speech-{next(self._names)}"
        task = SpeechTask(self._pipeline, name, began, lead_s)
        self._running.add(task)
        task.task.add_done_callback(lambda _: self._running.discard(task))
        return task

    def _prepared(self, request: SpeechRequest) -> WholeText:
        return WholeText(request, self.model, *self._limits)

    @property
    def _limits(self) -> tuple[int, int, int | None]:
        options = self.options
        return self.backend.capacity.max_sequence, options.max_characters, options.first_clause


def _need_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise InputError(
            "no event loop is running here, and a stream needs one: use `async with` and "
            "`async for` in an async function, or call tensorrt_tts.synthesize"
        ) from error

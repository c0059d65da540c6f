"""What `/metrics` shows. One registry per server, so that several can live in one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

if TYPE_CHECKING:
    from tensorrt_tts.backends.base import Backend
    from tensorrt_tts.codecs.scheduler import SchedulerStats
    from tensorrt_tts.server.slots import Slots
    from tensorrt_tts.speech import SpeechReport

logger = logging.getLogger(__name__)

_LATENCY_S = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)
_WAIT_S = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_FACTOR = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 5, 10)


class ServerMetrics:
    """Gauges read their value where it lives, so they cannot drift from it."""

    def __init__(self, slots: Slots, backend: Backend, codec: Callable[[], SchedulerStats]) -> None:
        """codec: what its scheduler has counted by now."""
        self.registry = registry = CollectorRegistry()
        Gauge("tts_slots", "Streams that may speak at once", registry=registry).set_function(
            lambda: slots.size
        )
        Gauge("tts_active_streams", "Streams speaking now", registry=registry).set_function(
            lambda: slots.active
        )
        Gauge("tts_queued_requests", "Requests waiting for a slot", registry=registry).set_function(
            lambda: slots.queued
        )
        self.sockets = Gauge(
            "tts_sockets", "Open WebSockets, and HTTP requests for speech", registry=registry
        )
        self.draining = Gauge(
            "tts_draining", "1 from SIGTERM on: no new work is taken", registry=registry
        )
        self.requests = Counter(
            "tts_requests",
            "Requests by how they ended: completed, max_tokens, cancelled, disconnected (by the "
            "client), cut (by the end of a drain), or the code of the error or of the close",
            ["outcome"],
            registry=registry,
        )
        self.refused_sockets = Counter(
            "tts_refused_sockets", "Handshakes refused, by error code", ["code"], registry=registry
        )
        self.refused_requests = Counter(
            "tts_refused_requests",
            "HTTP requests refused for their key or origin, by error code",
            ["code"],
            registry=registry,
        )
        self.dropped_rows = Counter(
            "tts_request_log_dropped", "Rows that the request log had to drop", registry=registry
        )
        self.accountant_failures = Counter(
            "tts_accountant_failures",
            "Calls of the accountant that failed or were not answered in time",
            registry=registry,
        )
        self.late_chunks = Counter(
            "tts_late_chunks",
            "Chunks sent after a listener who began at the first one had run dry",
            registry=registry,
        )
        self.broken_frames = Counter(
            "tts_broken_frames", "Frames concealed or dropped for a stray token", registry=registry
        )
        self.audio_s = Counter("tts_audio_seconds", "Seconds of audio sent", registry=registry)
        self.saved_s = Counter(
            "tts_saved_audio_seconds",
            "Seconds of audio, about, that were never made since their listener left before: of "
            "texts that came in pieces, what lay beyond the lead",
            registry=registry,
        )
        self.queue_wait_s = Histogram(
            "tts_queue_wait_seconds", "Wait for a slot", buckets=_WAIT_S, registry=registry
        )
        self.first_audio_s = Histogram(
            "tts_ttfa_seconds",
            "From the request's arrival to its first chunk, the wait for a slot included",
            buckets=_LATENCY_S,
            registry=registry,
        )
        self.real_time_factor = Histogram(
            "tts_real_time_factor",
            "Generation time over audio duration of streams that ended by themselves",
            buckets=_FACTOR,
            registry=registry,
        )
        Gauge("tts_tasks", "asyncio tasks alive", registry=registry).set_function(_tasks)
        ProcessCollector(registry=registry)  # memory, CPU time and file descriptors, on Linux
        registry.register(_BackendCollector(backend))
        registry.register(_CodecCollector(codec))

    def note_stream(self, report: SpeechReport, queue_s: float, sent_s: float) -> None:
        """Whatever way the stream ended. sent_s: seconds of audio sent."""
        self.audio_s.inc(sent_s)
        if report.first_audio_s is not None:
            self.first_audio_s.observe(queue_s + report.first_audio_s)
        for segment in report.segments:
            self.broken_frames.inc(segment.counts.concealed + segment.counts.dropped)

    def text(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)

    def answer(self) -> Response:
        """To whoever scrapes it."""
        return Response(self.text(), media_type=CONTENT_TYPE_LATEST)


def _tasks() -> int:
    """0 where nobody asks from the server's loop."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0


class _BackendCollector(Collector):
    """The engine's own counts, read when scraped; the server's are told without them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing to ask the engine for at registration

    def collect(self) -> Iterable[Metric]:
        try:
            stats = self._backend.stats()
        except Exception:
            logger.exception("the engine's counts cannot be read")
            return
        yield GaugeMetricFamily("tts_backend_running", "Generations running", stats.running)
        yield GaugeMetricFamily("tts_backend_waiting", "Generations waiting", stats.waiting)
        yield CounterMetricFamily(
            "tts_backend_tokens", "Tokens generated since the start", stats.generated_tokens
        )
        if stats.kv_blocks_free is not None:
            yield GaugeMetricFamily("tts_kv_blocks_free", "Free KV blocks", stats.kv_blocks_free)
        for name, value in stats.extra.items():
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"tts_backend_{name}", "Reported by the engine", value)


_CODEC = {
    "batches": "Batches decoded",
    "jobs": "Jobs in them, one stream's each",
    "hops": "Pieces of audio in those: more than jobs where a stream was behind",
    "busy_s": "Seconds spent decoding, over all threads",
    "wait_s": "Seconds that jobs waited, all added",
    "late_s": "Seconds that listeners had run dry when their audio was decoded, all added",
}


class _CodecCollector(Collector):
    """What the codec's scheduler has done since the start."""

    def __init__(self, stats: Callable[[], SchedulerStats]) -> None:
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        stats = self._stats()
        for name, meaning in _CODEC.items():
            unit = name.replace("_s", "_seconds")
            yield CounterMetricFamily(f"tts_codec_{unit}", meaning, getattr(stats, name))
        yield GaugeMetricFamily(
            "tts_codec_worst_wait_seconds", "The longest that a job waited", stats.worst_wait_s
        )

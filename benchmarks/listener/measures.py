"""From one raw exchange to the numbers a listener would agree with. Pure.

Times of a request count from the moment it was *scheduled*, so that a client or server that falls
behind cannot hide it. Real-time factors are time over audio: below 1 is faster than real time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.listener.exchange import Exchange
from benchmarks.listener.pcm_stream import SAMPLE_BYTES, PcmStream
from benchmarks.listener.player import PREBUFFERS, play
from tensorrt_tts.audio.pcm import audible


@dataclass(frozen=True, slots=True)
class Timeline:
    """What arrived when. Times in seconds from `scheduled`.

    chunks: (at, samples) of each message that held audio. headers: (at, bytes) of container
    headers. empty: messages without a sample that were no header. pcm: the audio, int16.
    boundaries: chunk k is pcm[boundaries[k]:boundaries[k + 1]].
    """

    chunks: tuple[tuple[float, int], ...]
    headers: tuple[tuple[float, int], ...]
    empty: tuple[float, ...]
    pcm: np.ndarray

    @property
    def boundaries(self) -> list[int]:
        edges = [0]
        for _, samples in self.chunks:
            edges.append(edges[-1] + samples)
        return edges


def timeline(exchange: Exchange) -> Timeline:
    """Interpret the binary messages of an exchange."""
    stream = PcmStream()
    chunks: list[tuple[float, int]] = []
    headers: list[tuple[float, int]] = []
    empty: list[float] = []
    parts: list[bytes] = []
    for message in exchange.messages:
        at = message.at - exchange.scheduled
        known = stream.header_bytes
        audio = stream.feed(message.payload)
        if stream.header_bytes > known:
            headers.append((at, stream.header_bytes))
        if audio:
            chunks.append((at, len(audio) // SAMPLE_BYTES))
            parts.append(audio)
        elif not message.payload:
            empty.append(at)
    pcm = np.frombuffer(b"".join(parts), dtype="<i2")
    return Timeline(tuple(chunks), tuple(headers), tuple(empty), pcm)


@dataclass(frozen=True, slots=True)
class Measures:
    """One request. Every time in milliseconds; None where it could not be measured.

    ttft_ms: to the first token, by the server's clock. ttfa_ms: to the first audio *sample* at the
    client; headers and empty messages don't count. onset_ms: until a listener who starts playing at
    the first chunk hears something above −40 dBFS. total_ms: to the last sample. late_ms: how long
    after its scheduled time the request was sent.

    rtf: total time over audio. stream_rtf: time from first to last sample over audio, which is what
    decides whether playback can keep up. server_rtf: generation time over audio, by the server's
    clock.

    gaps_ms: between successive chunks. jitter_ms: their standard deviation.
    underruns_ms: silence in all of a simulated player, for each of `PREBUFFERS`; None for an answer
    of a single chunk, which cannot run dry and is no evidence. stalls: how often it ran dry with no
    prebuffer; longest_stall_ms: the longest of those silences.
    """

    audio_s: float
    bytes: int
    chunks: int
    ttft_ms: float | None
    ttfa_ms: float | None
    onset_ms: float | None
    total_ms: float | None
    late_ms: float
    rtf: float | None
    stream_rtf: float | None
    server_rtf: float | None
    gaps_ms: tuple[float, ...]
    max_gap_ms: float | None
    mean_gap_ms: float | None
    jitter_ms: float | None
    underruns_ms: tuple[float, ...] | None
    stalls: int | None
    longest_stall_ms: float | None


def measure(exchange: Exchange, line: Timeline) -> Measures:
    """All measures of one exchange."""
    sample_rate = exchange.sample_rate
    arrivals = [at for at, _ in line.chunks]
    durations = [samples / sample_rate for _, samples in line.chunks]
    audio = sum(durations)
    players = [play(arrivals, durations, prebuffer) for prebuffer in PREBUFFERS]
    first = players[0]
    several = len(arrivals) > 1
    gaps = np.diff(arrivals) * 1000
    generation = exchange.reported("generation_time_s")
    heard = first_audible(line.pcm)
    return Measures(
        audio_s=audio,
        bytes=line.pcm.nbytes,
        chunks=len(arrivals),
        ttft_ms=exchange.reported("ttft_ms"),
        ttfa_ms=arrivals[0] * 1000 if arrivals else None,
        onset_ms=(
            first.heard_at(heard / sample_rate) * 1000 if first and heard is not None else None
        ),
        total_ms=arrivals[-1] * 1000 if arrivals else None,
        late_ms=(exchange.sent - exchange.scheduled) * 1000,
        rtf=arrivals[-1] / audio if arrivals else None,
        stream_rtf=(arrivals[-1] - arrivals[0]) / audio if several else None,
        server_rtf=generation / audio if generation and audio else None,
        gaps_ms=tuple(float(gap) for gap in gaps),
        max_gap_ms=float(gaps.max()) if several else None,
        mean_gap_ms=float(gaps.mean()) if several else None,
        jitter_ms=float(gaps.std()) if several else None,
        underruns_ms=_underruns(players) if several else None,
        stalls=len(first.stalls) if first and several else None,
        longest_stall_ms=first.longest_stall * 1000 if first and several else None,
    )


def _underruns(players: Sequence) -> tuple[float, ...]:
    return tuple(player.underrun * 1000 for player in players if player is not None)


def first_audible(pcm: np.ndarray) -> int | None:
    """Index of the first int16 sample above −40 dBFS; None when the audio is silent throughout."""
    loud = audible(pcm)
    return int(loud.argmax()) if loud.any() else None

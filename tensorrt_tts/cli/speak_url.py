"""`tensorrt-tts speak --url`: a server speaks."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from tensorrt_tts.cli.sinks import open_sink
from tensorrt_tts.errors import SettingError
from tensorrt_tts.speech import SpeechReport

if TYPE_CHECKING:
    from tensorrt_tts.client import Report, SpeechFields

API_KEY = "TTS_API_KEY"
"""The variable: what stands in a command line, others on the machine can read."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What there is to say of a speech: tokens in words, and what may be missing from it."""

    report: SpeechReport
    as_dict: dict[str, Any]
    tokens: str
    warnings: list[str]


def add_url_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", help="let a server speak: its own address, such as ws://127.0.0.1:8000/ws/tts"
    )
    parser.add_argument("--api-key", help=f"the server's (default: {API_KEY} of the environment)")


def check_options(parsed: argparse.Namespace, here: Iterable[str]) -> None:
    """here: options for a model that is loaded here; None where they were not given. Raises
    SettingError naming those that were and may not."""
    if parsed.url is None:
        if parsed.api_key is not None:
            raise SettingError("--api-key is a server's; give its address by --url as well")
        return
    given = [f"--{name.replace('_', '-')}" for name in here if getattr(parsed, name) is not None]
    if given:
        raise SettingError(
            f"{', '.join(given)} cannot be combined with --url, whose server has its own model and "
            "settings; leave out one or the other"
        )


def speak_there(
    parsed: argparse.Namespace, stdout: TextIO | None, text: str, progress: Callable[[str], None]
) -> Spoken:
    """Raises what `Client` and `Speech` raise, and OutputError."""
    from tensorrt_tts.client import Client

    fields: SpeechFields = {
        "voice": parsed.voice,
        "sample_rate": parsed.sample_rate,
        "temperature": parsed.temperature,
        "top_p": parsed.top_p,
        "repetition_penalty": parsed.repetition_penalty,
        "seed": parsed.seed,
        "benchmark": parsed.timing or parsed.json,
    }
    key = os.environ.get(API_KEY) or None if parsed.api_key is None else parsed.api_key
    progress("connecting")
    with Client.connect(parsed.url, key) as client:
        if parsed.warm:
            progress("warming up")
            for _ in client.speak(text, **fields):
                pass
        rate = parsed.sample_rate or client.sample_rate
        seen = SpeechReport(rate)
        with open_sink(parsed, stdout, rate) as sink:
            asked = time.perf_counter()
            speech = client.speak(text, **fields)
            for pcm in speech:
                seen.total_s = time.perf_counter() - asked
                seen.first_audio_s = seen.first_audio_s or seen.total_s
                seen.samples += len(pcm) // 2
                seen.chunks += 1
                sink.write(np.frombuffer(pcm, "<i2"))
                progress(f"{seen.audio_s:.1f} s spoken")
    assert speech.report is not None
    spoken = _told(seen, speech.report)
    if speech.sr_applied is not None:
        spoken.as_dict["sr_applied"] = speech.sr_applied
    return spoken


def _told(seen: SpeechReport, report: Report) -> Spoken:
    """seen: from here. The rest is the server's."""
    metrics = report.metrics
    seen.first_token_s = _seconds(metrics.get("ttft_ms"))
    seen.audible_onset_s = _seconds(metrics.get("audible_onset_ms"))
    seen.decode_s = [ms / 1000 for ms in metrics.get("decode_times_ms", ())]
    warnings = report.warnings
    if report.reason == "max_tokens":
        warnings.append("the speech ended before the model was done; another --seed may help")
    times = {"first_audio_s": seen.first_audio_s, "total_s": seen.total_s}
    return Spoken(seen, {**report.message, **times}, str(metrics.get("tokens", "-")), warnings)


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000

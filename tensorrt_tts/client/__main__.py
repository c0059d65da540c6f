"""Speak one text through a running server: `python -m tensorrt_tts.client --text …`.

A small client of `/ws/tts`. It writes the file while audio arrives and says when the first of
it came. To measure a server, use `benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorrt_tts.audio.audio_file import (
    AUDIO_FILES,
    AudioWriter,
    audio_writer,
    check_audio_path,
)
from tensorrt_tts.client.handshake import by_code, check_url, not_opened, told
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    DrainingError,
    MessageTooBigError,
    SettingError,
    TTSError,
    needs,
    reason,
)
from tensorrt_tts.exit_status import exit_status
from tensorrt_tts.text.given import argument_text

if TYPE_CHECKING:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import ClientConnection

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A header's name (RFC 9110, 5.6.2)."""

CLOSED: dict[int, tuple[type[TTSError], str]] = {
    1009: (MessageTooBigError, "the text is too long for it; send less at once"),
    1012: (DrainingError, "it is shutting down; try again"),
    1013: (CapacityError, "it is overloaded; try again later"),
}
"""What a close code says before the speech is complete, and what to do about it."""


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    return exit_status(lambda: run(parsed))


def run(parsed: argparse.Namespace) -> None:
    """Raises what `speak`, `header` and `check_audio_path` raise."""
    request = {"text": parsed.text, "benchmark": parsed.benchmark}
    if parsed.voice is not None:
        request["voice"] = parsed.voice
    headers = dict(header(given) for given in parsed.header)
    check_audio_path(parsed.output)
    summary = speak(parsed.url, request, parsed.output, parsed.timeout, headers)
    print(json.dumps(summary, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tensorrt_tts.client", description="Speak one text through a server."
    )
    parser.add_argument("--text", type=argument_text, required=True)
    parser.add_argument("--voice", type=argument_text, help="default: the server's")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/tts")
    parser.add_argument(
        "--output", type=Path, default=Path("speech.wav"), metavar="FILE", help=AUDIO_FILES
    )
    parser.add_argument("--benchmark", action="store_true", help="ask for the server's timings")
    parser.add_argument(
        "--header", action="append", default=[], help="NAME:VALUE, such as a proxy's token"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds without a message")
    return parser


def header(given: str) -> tuple[str, str]:
    """Raises SettingError for what cannot be sent as a header of HTTP."""
    name, colon, value = (part.strip() for part in given.partition(":"))
    sendable = value.isascii() and value.isprintable()
    if not (re.fullmatch(TOKEN, name) and colon and sendable):
        raise SettingError(
            f"--header {given!r} is not of the form NAME:VALUE, in one line of plain ASCII; "
            "correct it"
        )
    return name, value


def speak(
    url: str,
    request: dict[str, Any],
    output: Path,
    timeout: float,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The server's last message, with `first_audio_ms` as seen from here (None without audio).

    Raises the error whose code the server gives, BackendError for a server that is not there or
    stops answering, and OutputError where the file cannot be written. Nothing is left at `output`
    then.
    """
    with needs("the client needs websockets: pip install 'tensorrt-tts[server]'"):
        from websockets.exceptions import ConnectionClosed, WebSocketException
        from websockets.sync.client import connect
    check_url(url)
    try:
        socket = connect(
            url,
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=timeout,
            additional_headers=headers,
        )
    except (OSError, ValueError, WebSocketException) as error:
        raise not_opened(url, error) from error
    try:
        with socket, audio_writer(output, _sample_rate(socket)) as file:
            return _exchange(socket, request, file, timeout)
    except TimeoutError as error:
        raise BackendError(f"{url} sent nothing for {timeout:g} s; is it overloaded?") from error
    except ConnectionClosed as error:
        raise _cut(error) from error
    except ValueError as error:
        raise BackendError(
            f"--url {url} does not answer as a speech server ({reason(error)}); "
            "correct host, port and path"
        ) from error


def _sample_rate(socket: ClientConnection) -> int:
    """Hz, as the answer to the handshake says; Orpheus's where it says nothing."""
    said = socket.response.headers.get("X-Audio-Sample-Rate", "") if socket.response else ""
    return int(said) if said.isdecimal() else SNAC_24KHZ.sampling_rate


def _exchange(
    socket: ClientConnection,
    request: dict[str, Any],
    file: AudioWriter,
    timeout: float,
) -> dict[str, Any]:
    begun = time.perf_counter()
    first: float | None = None
    socket.send(json.dumps(request, ensure_ascii=False))
    while True:
        message = socket.recv(timeout)
        if isinstance(message, bytes):
            first = first or time.perf_counter()
            file.write(np.frombuffer(message, "<i2"))
            continue
        answer = json.loads(message)
        if not isinstance(answer, dict):
            raise ValueError(f"{message[:40]!r} is no JSON object")
        if "error" in answer:
            raise told(answer) or BackendError(f"the server says {message[:160]!r}")
        if answer.get("done"):
            known = _sample_rate(socket)
            rate = answer.get("sample_rate", known)
            if rate != known:
                raise BackendError(
                    f"the server speaks at {rate!r} Hz and did not say so before, the file is of "
                    f"{known}; something between here and there drops X-Audio-Sample-Rate"
                )
            waited = None if first is None else round(1000 * (first - begun), 1)
            return {**answer, "first_audio_ms": waited}


def _cut(error: ConnectionClosed) -> TTSError:
    """The socket was closed before the speech was complete."""
    close = error.rcvd
    if close is None:
        return BackendError(
            f"the connection broke in mid-speech ({error}); is the server still up?"
        )
    kind, advice = CLOSED.get(close.code, (BackendError, "try again, and see the server's log"))
    kind = by_code().get(close.reason, kind)
    return kind(f"the server closed the socket in mid-speech with {close}; {advice}")


if __name__ == "__main__":
    sys.exit(main())

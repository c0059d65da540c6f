"""Why a WebSocket to the server did not open, as an error of the tree: what was answered, and by
what kind of thing."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    SettingError,
    TTSError,
    by_code,
    needs,
    reason,
)

if TYPE_CHECKING:
    from websockets.http11 import Response

PATH = "/ws/tts"
"""The server's own, below whatever prefix a proxy puts before it."""

FAREWELL_S = 1.0
"""How long a closing handshake may take: a server that hangs must not hold up its client."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A header's name (RFC 9110, 5.6.2)."""

_BUSY = (429, 502, 503, 504)
"""From a proxy, too, while no server behind it is ready: HAProxy says 503, nginx 502 or 504."""


def check_url(url: str) -> None:
    """Raises SettingError for what is not the address of a WebSocket."""
    from websockets.exceptions import InvalidURI
    from websockets.uri import parse_uri

    try:
        parse_uri(url)
    except (InvalidURI, ValueError) as error:
        said = error.msg if isinstance(error, InvalidURI) else reason(error)
        raise SettingError(
            f"url {url!r} is not the address of a WebSocket ({said}); "
            f"give one such as ws://127.0.0.1:8000{PATH}, or wss:// where pages are https://"
        ) from error


def opening(
    url: str, api_key: str | None, headers: Mapping[str, str] | None, timeout: float
) -> dict[str, Any]:
    """What `websockets.connect` is asked besides the address. Raises SettingError for what cannot
    be an address, a key or a header, MissingDependencyError without the package."""
    with needs("the client needs websockets: pip install 'tensorrt-tts[server]'"):
        check_url(url)
    given = dict(headers or {})
    for name, value in given.items():
        if not sendable(name, value):
            raise SettingError(
                f"header {name!r} has a name or value that HTTP cannot send; give both in one line "
                "of plain ASCII"
            )
    if api_key is not None:
        if not api_key or not sendable("Authorization", api_key) or " " in api_key:
            raise SettingError(
                "the API key is empty, or has spaces or letters beyond plain ASCII; give it as the "
                "server's operator did"
            )
        given["Authorization"] = f"Bearer {api_key}"
    return {
        "max_size": None,
        "compression": None,  # audio does not compress; deflate would only add its own delay
        "proxy": None,
        "open_timeout": timeout,
        "close_timeout": FAREWELL_S,
        "additional_headers": given,
    }


def sendable(name: str, value: str) -> bool:
    """As a header."""
    return bool(re.fullmatch(_TOKEN, name)) and value.isascii() and value.isprintable()


def not_opened(url: str, error: Exception) -> TTSError:
    """error: what `websockets.connect` raised."""
    from websockets.exceptions import (
        ConnectionClosed,
        InvalidHeader,
        InvalidMessage,
        InvalidStatus,
        InvalidURI,
    )

    if isinstance(error, InvalidStatus):
        return refused(url, error.response)
    if isinstance(error, InvalidURI):  # the first one was checked: this is where it redirects to
        return SettingError(
            f"url {url} redirects to {error.uri}; give that address, with wss:// for https://"
        )
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return SettingError(
            f"url {url} names a host that is not known ({_said(error)}); "
            "check its spelling, or give an IP address"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return SettingError(
            f"url {url} has a certificate that is not trusted ({error.verify_message}); use the "
            "name it was made out to, or name its authority's file in SSL_CERT_FILE"
        )
    if isinstance(error, ssl.SSLError):
        return SettingError(
            f"url {url} asks for TLS, which that port does not speak ({_said(error)}); "
            "use ws://, or the port that speaks TLS"
        )
    if isinstance(error, TimeoutError):
        return BackendError(
            f"url {url} sent nothing for as long as the timeout allows; correct host and port, "
            "allow more, or try again when the server has less to do"
        )
    if isinstance(error, OSError):
        return BackendError(
            f"url {url} cannot be reached ({_said(error)}); start a server there with "
            "`make serve`, or correct host and port"
        )
    if isinstance(error, ConnectionClosed):
        return _no_websocket(url, "it spoke or hung up before it was asked")
    if isinstance(error, InvalidMessage):
        return _no_websocket(url, _said(error.__cause__ or error))
    if isinstance(error, InvalidHeader):
        return _not_upgraded(url, _said(error))
    return BackendError(
        f"url {url} does not answer as a speech server ({_said(error)}); "
        "correct host, port and path"
    )


def refused(url: str, response: Response) -> TTSError:
    """For a handshake answered with an HTTP status, by the server or by what stands before it."""
    status, after = response.status_code, response.headers.get("Retry-After")
    hint = "" if after is None else f" (Retry-After: {after})"
    try:
        error = told(json.loads(response.body or b""), hint)
    except ValueError:
        error = None
    if error is not None:
        error.retry_after = seconds(after) if error.retry_after is None else error.retry_after
        return error
    if status in (401, 403):
        return SettingError(
            f"url {url} is not open to everybody (HTTP {status}); give its token in a header"
        )
    if status == 404:
        return SettingError(
            f"url {url} has nothing at that path (HTTP 404); the server's own is {PATH}, "
            "below the prefix of a proxy"
        )
    if status in _BUSY:
        return CapacityError(
            f"url {url} takes no more, or is not ready (HTTP {status}); try again later{hint}",
            seconds(after),
        )
    if status >= 500:
        return BackendError(f"url {url} failed (HTTP {status}); see the server's log")
    return _not_upgraded(url, f"HTTP {status}")


def told(answer: object, hint: str = "") -> TTSError | None:
    """The server's error message as the error it stands for; None for anything else."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or "code" not in error:
        return None
    code = str(error["code"])
    found = by_code().get(code, BackendError)(
        f"the server says {code}: {error.get('message')}{hint}"
    )
    found.retry_after = seconds(error.get("retry_after"))
    return found


def seconds(told: Any) -> float | None:
    """What `retry_after` or a Retry-After header says; None for anything but a time from now, such
    as HTTP's other form, a date."""
    try:
        value = float(told)
    except (TypeError, ValueError):
        return None
    return value if 0 <= value < float("inf") else None


def _no_websocket(url: str, answer: str) -> BackendError:
    return BackendError(
        f"url {url} is no WebSocket server ({answer}); correct host and port, or use wss:// if "
        "the port speaks TLS"
    )


def _not_upgraded(url: str, answer: str) -> BackendError:
    return BackendError(
        f"url {url} answers as a web server where a WebSocket is due ({answer}); correct host, "
        "port and path, or let the proxy there pass the headers Upgrade and Connection on"
    )


def _said(error: BaseException) -> str:
    """Without the number that the operating system puts first."""
    return getattr(error, "strerror", None) or reason(error)

"""The one error tree. Every failure a caller can meet is one of these, at every edge.

Each class carries what the edges need: `exit_code` for the command line, `http_status` for HTTP,
`close_code` for a WebSocket that has to be closed because of it, and `code`, the stable machine
name that clients match on. A message is one line: what was wrong, with its field and value, and
what to do about it.

    TTSError                     1   500  1011  internal_error
    ├── InputError               2   400  1008  invalid_request      the caller's fault
    │   ├── TextError            2   400  1008  invalid_text
    │   │   └── NothingToSpeakError
    │   │                        2   400  1008  invalid_text         only spaces, signs, emoji
    │   ├── UnknownVoiceError    2   404  1008  unknown_voice
    │   ├── UnknownRouteError    2   404  1008  unknown_route
    │   ├── ApiKeyError          2   401  1008  invalid_api_key      no key, or none that is known
    │   ├── CreditError          2   402  1008  insufficient_credits nothing paid for is left
    │   ├── OriginError          2   403  1008  origin_not_allowed   another site's web page
    │   ├── SettingError         2   400  1008  invalid_setting      a flag or settings value
    │   ├── VoiceFileError       2   400  1008  invalid_voice_file   a speaker's codes
    │   └── MessageTooBigError   2   413  1009  message_too_big
    ├── CheckpointError          3   500  1011  checkpoint_error     weights or config unusable
    │   ├── CheckpointNotFoundError
    │   │                        3   500  1011  checkpoint_not_found
    │   └── CorruptCheckpointError
    │                            3   500  1011  checkpoint_corrupt
    ├── MissingDependencyError   4   500  1011  missing_dependency   package or device absent
    ├── EngineError              5   500  1011  engine_error         build, check or load failed
    │   ├── ImpossiblePlanError  5   500  1011  impossible_plan      model × GPU × precision
    │   ├── EngineMismatchError  5   500  1011  engine_mismatch      another GPU or version
    │   └── CorruptEngineError   5   500  1011  engine_corrupt
    ├── OutputError              6   500  1011  output_error         audio cannot be written
    ├── CapacityError            7   503  1013  overloaded           our limit: try again later
    │   └── RateLimitError       7   429  1013  rate_limited         the caller's limit
    ├── DrainingError            7   503  1012  draining             shutting down
    ├── BackendError             8   500  1011  backend_error        this request failed
    │   ├── EngineDiedError      8   503  1011  engine_died          no request can be served
    │   ├── StalledError         8   504  1011  backend_stalled      no token within the deadline
    │   └── NoAudioError         8   500  1011  no_audio             the model ended at once
    └── SlowReaderError          9   408  1008  slow_reader          client did not read in time

`asyncio.CancelledError` is deliberately not here: a cancelled caller gets its cancellation.
Exit code 0 is success, 130 is Ctrl-C, as in every shell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


def reason(error: BaseException, limit: int = 160) -> str:
    """What a library says, on one line: for the brackets in our own message, which says first what
    is wrong with what.

    Its first line; the next one too, where the first only announces it ("Error(s) in loading
    state_dict for SNAC:"). Its class where it says nothing, and before a bare key or number.
    """
    kind = type(error).__name__
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else kind
    if said.endswith(":"):
        said = " ".join([said, *lines[1:2]])
    if lines and isinstance(error, (LookupError, StopIteration)):
        said = f"{kind}: {said}"
    return said if len(said) <= limit else said[: limit - 1] + "…"


class TTSError(Exception):
    """Base of the tree: something failed that is not the caller's doing.

    `retry_after` (seconds), where set, is what HTTP sends as Retry-After.
    """

    code = "internal_error"
    exit_code = 1
    http_status = 500
    close_code = 1011
    retry_after: float | None = None


class InputError(TTSError):
    """`field`, where set, is the one of a message that is wrong."""

    code = "invalid_request"
    exit_code = 2
    http_status = 400
    close_code = 1008
    field: str | None = None


class TextError(InputError):
    code = "invalid_text"


class NothingToSpeakError(TextError):
    """Such as "…", which is no fault where it is a turn of a conversation. Callers are told its
    parent's code."""


class UnknownVoiceError(InputError):
    code = "unknown_voice"
    http_status = 404


class UnknownRouteError(InputError):
    code = "unknown_route"
    http_status = 404


class ApiKeyError(InputError):
    code = "invalid_api_key"
    http_status = 401


class CreditError(InputError):
    code = "insufficient_credits"
    http_status = 402


class OriginError(InputError):
    code = "origin_not_allowed"
    http_status = 403


class SettingError(InputError):
    code = "invalid_setting"


class VoiceFileError(InputError):
    code = "invalid_voice_file"


class MessageTooBigError(InputError):
    code = "message_too_big"
    http_status = 413
    close_code = 1009


class CheckpointError(TTSError):
    code = "checkpoint_error"
    exit_code = 3


class CheckpointNotFoundError(CheckpointError):
    code = "checkpoint_not_found"


class CorruptCheckpointError(CheckpointError):
    code = "checkpoint_corrupt"


class MissingDependencyError(TTSError):
    code = "missing_dependency"
    exit_code = 4


class EngineError(TTSError):
    code = "engine_error"
    exit_code = 5


class ImpossiblePlanError(EngineError):
    code = "impossible_plan"


class EngineMismatchError(EngineError):
    code = "engine_mismatch"


class CorruptEngineError(EngineError):
    code = "engine_corrupt"


class OutputError(TTSError):
    code = "output_error"
    exit_code = 6


class CapacityError(TTSError):
    code = "overloaded"
    exit_code = 7
    http_status = 503
    close_code = 1013

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitError(CapacityError):
    code = "rate_limited"
    http_status = 429


class DrainingError(TTSError):
    code = "draining"
    exit_code = 7
    http_status = 503
    close_code = 1012


class BackendError(TTSError):
    code = "backend_error"
    exit_code = 8


class EngineDiedError(BackendError):
    code = "engine_died"
    http_status = 503


class StalledError(BackendError):
    code = "backend_stalled"
    http_status = 504


class NoAudioError(BackendError):
    code = "no_audio"


class SlowReaderError(TTSError):
    code = "slow_reader"
    exit_code = 9
    http_status = 408
    close_code = 1008


def by_code(root: type[TTSError] = TTSError) -> dict[str, type[TTSError]]:
    """Each class of the tree below `root` by the name that goes over the wire."""
    below: dict[str, type[TTSError]] = {}
    for kind in root.__subclasses__():
        below |= by_code(kind)
    return {**below, root.code: root}


@contextlib.contextmanager
def needs(message: str) -> Iterator[None]:
    """Imports of what may not be installed: MissingDependencyError with that message then."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(message) from error

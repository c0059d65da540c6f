"""What is said on a socket of `/ws/tts`, seen from the client's side. Whoever has the socket sends
and receives; nothing here does.

Speeches may be asked for ahead; the server speaks them in order. Each has a name of its own there,
so that a refusal that comes before its turn finds it.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypedDict

from tensorrt_tts.client.handshake import told
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    DrainingError,
    InputError,
    MessageTooBigError,
    TTSError,
    by_code,
    reason,
)
from tensorrt_tts.words import Word

if TYPE_CHECKING:
    from websockets.exceptions import ConnectionClosed
    from websockets.http11 import Response

UNSAID_RATE = 24_000
"""Hz, of a server that does not say: Orpheus's, as most speak."""

CLOSED: dict[int, tuple[type[TTSError], str]] = {
    1009: (MessageTooBigError, "the text is too long for it; send less at once"),
    1012: (DrainingError, "it is shutting down; try again"),
    1013: (CapacityError, "it is overloaded; try again later"),
}
"""What a close code says before the speech is complete, and what to do about it."""


_WORD = itemgetter(*(member.name for member in fields(Word)))
"""What is read of a word's times; a later server may tell more."""


class SpeechFields(TypedDict, total=False):
    """What a text may be spoken by; the server has a default for each and checks what it is sent.

    voice: one of the server's. sample_rate: Hz, 8000 to 48000, instead of the model's. normalize:
    False leaves numbers, dates and the like as written. return_words: follow when each word is
    heard. return_normalized, benchmark: have the text as it was said, and the server's own timings,
    in the report. The others: see `SpeechRequest`.
    """

    voice: str | None
    sample_rate: int | None
    normalize: bool
    temperature: float | None
    top_p: float | None
    top_k: int | None
    repetition_penalty: float | None
    max_tokens: int | None
    seed: int | None
    return_words: bool
    return_normalized: bool
    benchmark: bool


@dataclass(frozen=True, slots=True)
class Report:
    """How a speech ended. reason: `completed`, `max_tokens` (cut at the budget) or `cancelled`.

    duration_s: of the audio. warnings: what of the text was left out, and why. heard: what a
    listener had heard by then who plays from the first chunk on (with `return_words`). normalized,
    metrics: see `SpeechFields`. message: the server's, as it came.
    """

    message: Mapping[str, Any] = field(repr=False)

    @property
    def reason(self) -> str:
        return str(self.message.get("reason", "completed"))

    @property
    def duration_s(self) -> float:
        return float(self.message.get("duration_s", 0.0))

    @property
    def warnings(self) -> list[str]:
        return list(self.message.get("warnings", ()))

    @property
    def heard(self) -> str | None:
        return self.message.get("heard")

    @property
    def normalized(self) -> str | None:
        return self.message.get("normalized")

    @property
    def metrics(self) -> Mapping[str, Any]:
        return self.message.get("metrics") or {}


class Answer:
    """One speech, as far as it has come.

    sample_rate: Hz. sr_applied: how that came out of the model's, as the server says before the
    first audio of a speech that was asked for at some rate. words: those whose times are final, in
    order. report: None until it has ended.
    """

    def __init__(self, conversation: Conversation, name: str) -> None:
        self._conversation = conversation
        self._name = name
        self._chunks: deque[bytes] = deque()
        self._failure: TTSError | None = None
        self._unwanted = False
        self.sample_rate = conversation.sample_rate
        self.sr_applied: str | None = None
        self.words: list[Word] = []
        self.report: Report | None = None

    def _arrived(self) -> Iterator[bytes]:
        """The audio that has come and was not taken yet."""
        while self._chunks:
            yield self._chunks.popleft()

    def _lacks(self) -> bool:
        """Only another message can tell what comes next."""
        ended = self.report is not None or self._failure is not None or self._unwanted
        return not (self._chunks or ended)

    def _goes_on(self) -> bool:
        """There is audio to take, or may be. Raises what ended it early, behind all that came."""
        if self._failure is not None and not self._chunks:
            raise self._failure
        return bool(self._chunks) or self._lacks()

    def _drop(self) -> None:
        """Whatever else comes is for nobody."""
        self._unwanted = True
        self._chunks.clear()

    # What `Conversation` hears of it

    def _hear(self, pcm: bytes) -> None:
        if not self._unwanted:
            self._chunks.append(pcm)

    def _end(self, outcome: Report | TTSError) -> None:
        if isinstance(outcome, TTSError):
            self._failure = outcome
        else:
            self.report = outcome


class Conversation:
    """url: as errors name it. timeout: seconds without a message after which a server is given
    up."""

    def __init__(self, url: str, response: Response | None, timeout: float) -> None:
        """response: to the handshake."""
        said = response.headers.get("X-Audio-Sample-Rate", "") if response else ""
        self.sample_rate = int(said) if said.isdecimal() else UNSAID_RATE
        self.timeout = timeout
        self._url = url
        self._names = itertools.count(1)
        self._under_way: dict[str, Answer] = {}
        self._lost: TTSError | None = None

    def name(self) -> str:
        """Of a new speech."""
        return str(next(self._names))

    def request(self, answer: Answer, text: str, asked: SpeechFields) -> str:
        """The message that asks for it. Raises InputError for what cannot be sent."""
        given = {name: value for name, value in asked.items() if value is not None}
        message = json.dumps({"text": text, **given, "id": answer._name}, ensure_ascii=False)
        try:
            message.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"text or voice is not valid UTF-8 ({reason(error)}); convert it first"
            ) from error
        answer.sample_rate = asked.get("sample_rate") or self.sample_rate
        self._under_way[answer._name] = answer
        return message

    def cancellation(self, answer: Answer) -> str | None:
        """The message that stops it; None where there is nothing to stop any more."""
        if self._lost is not None or answer._name not in self._under_way:
            return None
        return json.dumps({"cancel": answer._name})

    def hear(self, message: str | bytes) -> None:
        """Raises ValueError for what no server of ours says, for `connected` to translate."""
        if isinstance(message, bytes):
            for first in itertools.islice(self._under_way.values(), 1):
                first._hear(message)
            return
        content = json.loads(message)
        if not isinstance(content, dict):
            raise ValueError(f"{message[:40]!r} is no JSON object")
        answer = self._about(content)
        if answer is None:
            return
        if "error" in content:
            error = told(content) or BackendError(f"the server says {message[:160]!r}")
            self._ended(answer, error)
        elif content.get("done"):
            content.pop("id", None)
            self._ended(answer, self._wrong_rate(content, answer) or Report(content))
        elif "audio" in content:
            answer.sr_applied = content["audio"]["sr_applied"]
        elif "words" in content:
            answer.words += [Word(*_WORD(word)) for word in content["words"]]

    def _about(self, content: dict[str, Any]) -> Answer | None:
        """What has no name is said of the one that speaks; a refusal, of the newest."""
        under_way = list(self._under_way.values())
        unnamed = under_way[-1 if "error" in content else 0] if under_way else None
        return self._under_way.get(str(content.get("id")), unnamed)

    def _ended(self, answer: Answer, outcome: Report | TTSError) -> None:
        del self._under_way[answer._name]
        answer._end(outcome)

    def _wrong_rate(self, content: dict[str, Any], answer: Answer) -> BackendError | None:
        rate = content.get("sample_rate", answer.sample_rate)
        if rate == answer.sample_rate:
            return None
        return BackendError(
            f"the server speaks at {rate!r} Hz and did not say so before, its audio was taken for "
            f"{answer.sample_rate}; something between here and there drops X-Audio-Sample-Rate"
        )

    @contextmanager
    def connected(self, asking: bool = False) -> Iterator[None]:
        """Around whatever is done with the socket. What ends the connection there is an error of
        the tree, and the end of all speeches. asking: for a speech; where that is interrupted,
        nobody knows which one the next audio is of."""
        from websockets.exceptions import ConnectionClosed

        if self._lost is not None:
            raise self._lost
        try:
            yield
        except TimeoutError as error:
            told = f"{self._url} sent nothing for {self.timeout:g} s; is it overloaded?"
            raise self._lose(BackendError(told)) from error
        except ConnectionClosed as error:
            raise self._lose(self._cut(error)) from error
        except (ValueError, TypeError, LookupError) as error:
            told = f"url {self._url} does not answer as a speech server ({reason(error)})"
            raise self._lose(BackendError(f"{told}; correct host, port and path")) from error
        except BaseException:
            if asking:
                self._lose(BackendError("a request was interrupted while it left; connect again"))
            raise

    def _lose(self, error: TTSError) -> TTSError:
        self._lost = error
        for answer in list(self._under_way.values()):
            self._ended(answer, error)
        return error

    def _cut(self, error: ConnectionClosed) -> TTSError:
        when = " in mid-speech" if self._under_way else ""
        close = error.rcvd
        if close is None:
            return BackendError(f"the connection broke{when} ({error}); is the server still up?")
        kind, advice = CLOSED.get(close.code, (BackendError, "try again, and see the server's log"))
        kind = by_code().get(close.reason, kind)
        return kind(f"the server closed the socket{when} with {close}; {advice}")

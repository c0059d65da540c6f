"""Who has a place in a backend, and what is refused one: in one order and one wording for all.

Not thread-safe: a backend with a thread of its own makes these calls under its own lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tensorrt_tts.backends.base import Capacity, Prompt, Sampling
from tensorrt_tts.errors import CapacityError, EngineDiedError, SettingError

Check = Callable[[Prompt, Sampling], None]
"""Raises SettingError for what a model cannot be asked, as ids outside its vocabulary."""

RETRY_AFTER_S = 1.0
"""Seconds after which a refused caller may ask again: some stream will have ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One stream's. room: ids that fit into the sequence after its prompt."""

    request_id: str
    room: int


class Admission:
    """name: what errors call the backend. check: beside what is checked for all of them.

    fault: why the engine is dead, once it is. closed: whether the backend was closed.
    """

    def __init__(self, name: str, capacity: Capacity, check: Check | None = None) -> None:
        self.fault: str | None = None
        self.closed = False
        self._name = name
        self._capacity = capacity
        self._check = check
        self._places: dict[str, Place] = {}

    @property
    def taken(self) -> int:
        """Places, one for each open stream."""
        return len(self._places)

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Of the open streams."""
        return tuple(self._places)

    def admit(self, prompt: Prompt, sampling: Sampling, request_id: str) -> Place:
        """Takes a place, or raises EngineDiedError, SettingError or CapacityError."""
        if (over := self.over()) is not None:
            raise over
        self._refuse(prompt, sampling)
        if request_id in self._places:
            raise SettingError(f"request_id {request_id!r} is already in flight; use a new one")
        streams = self._capacity.max_streams
        if len(self._places) >= streams:
            raise CapacityError(f"all {streams} streams are busy; try again", RETRY_AFTER_S)
        place = Place(request_id, self._capacity.max_sequence - len(prompt.ids))
        self._places[request_id] = place
        return place

    def release(self, place: Place) -> None:
        """Any number of times: once free, its id may belong to another stream, which keeps it."""
        if self._places.get(place.request_id) is place:
            del self._places[place.request_id]

    def die(self, why: str) -> EngineDiedError:
        """What every open and later stream fails with. The first reason stays, and what goes wrong
        while a backend is being closed is none."""
        if not self.closed and self.fault is None:
            self.fault = why
        return self.over() or EngineDiedError(why)

    def close(self) -> EngineDiedError:
        """As `die`."""
        self.closed = True
        return self.die("")

    def over(self) -> EngineDiedError | None:
        """Why every open and later stream fails, if so."""
        if self.fault is not None:
            return EngineDiedError(
                f"the {self._name} engine died: {self.fault}; restart the process"
            )
        if self.closed:
            return EngineDiedError(f"the {self._name} backend is closed; open a new one")
        return None

    def _refuse(self, prompt: Prompt, sampling: Sampling) -> None:
        """What no backend serves, whoever else is there."""
        length, longest = len(prompt.ids), self._capacity.max_sequence
        if not 0 < length < longest:
            raise SettingError(
                f"prompt of {length} ids does not fit a sequence of {longest}; shorten the text"
            )
        for part in ("rows", "negative"):
            if getattr(prompt, part) is not None:
                raise SettingError(
                    f"prompt has {part}, which the {self._name} backend cannot read; leave it out"
                )
        if sampling.max_tokens < 1:
            raise SettingError(f"max_tokens must be at least 1, not {sampling.max_tokens}")
        if self._check is not None:
            self._check(prompt, sampling)

"""Voices by the names that other services have for theirs. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence

from tensorrt_tts.errors import InputError, SettingError
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.server.protocols.fields import invalid
from tensorrt_tts.validation import shown


class ForeignVoices:
    """own: the model's, the first one its default. given: the setting `voice_names`. pattern: what
    a whole name of the other service looks like.

    A client that knows only such names is heard all the same: each stands for one of the model's
    voices, always the same one. It is a choice, not a likeness.

    Raises SettingError where `given` means a voice that the model does not have.
    """

    def __init__(self, own: Sequence[str], given: Mapping[str, str], pattern: str) -> None:
        self.own = tuple(own)
        self._given = given
        self._pattern = re.compile(pattern)
        for asked, meant in given.items():
            if find_name(meant, own) is None:
                raise SettingError(
                    f"voice_names gives {asked!r} the voice {meant!r}, which the model does not "
                    f"have; its voices are: {', '.join(own)}"
                )

    def find(self, asked: str, field: str = "voice", status: int = 400) -> str:
        """The model's own name. Raises InputError, with that field and status, for a name that
        nobody has."""
        given = find_name(asked, self._given)
        found = find_name(asked if given is None else self._given[given], self.own)
        if found is not None:
            return found
        if self._pattern.fullmatch(asked):
            return self.own[zlib.crc32(asked.encode()) % len(self.own)]
        raise self._unknown(asked, field, status)

    def _unknown(self, asked: str, field: str, status: int) -> InputError:
        return invalid(
            f"{field} {shown(asked)} is unknown; use one of: {', '.join(self.own)}",
            field,
            "unknown_voice",
            status,
        )

"""What the Modal classes of the apps share. Modal finds methods in base classes, but parameters
only where a class has one of its own: each app states its backend."""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
from functools import cached_property
from typing import TYPE_CHECKING, Any

import modal

from deploy.images import persist

if TYPE_CHECKING:
    from deploy.jobs.blocking import BlockingSpeaker
    from deploy.jobs.speaker_options import SpeakerOptions


class ModelParameters:
    """Which model, and on what. precision: of an engine; a parameter where an app makes it one."""

    model: str = modal.parameter(default="orpheus-3b")
    codec: str = modal.parameter(default="")
    backend: str
    device: str = modal.parameter(default="cuda")
    precision: str = ""

    def options(self) -> "SpeakerOptions":
        from deploy.jobs.speaker_options import SpeakerOptions

        return SpeakerOptions(self.model, self.backend, self.device, self.codec, self.precision)


class WarmSpeaker(ModelParameters):
    """Loads when its container enters, and stays loaded."""

    @cached_property
    def speaker(self) -> "BlockingSpeaker":
        """By the first use under `.local()`, which does not enter."""
        return self.options().open_blocking()

    @modal.enter()
    def load(self) -> None:
        assert self.speaker
        persist()  # an engine that was just built, a checkpoint, kernels that the start compiled

    @modal.exit()
    def close(self) -> None:
        self.speaker.close()


class WarmInference(WarmSpeaker):
    @modal.method()
    def speak(self, text: str, voice: str = "") -> tuple[bytes, dict[str, Any]]:
        """A WAV file, and its timing."""
        return self.speaker.speak(text, voice or None).as_tuple()

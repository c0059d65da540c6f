"""What can be wrong with a configuration, found without loading a model or asking the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.audio.bandwidth import weights as bandwidth
from tensorrt_tts.checkpoint_folder import (
    LANGUAGE_MODEL_FILES,
    SHIPPED,
    find,
    is_hub_id,
    local_path,
)
from tensorrt_tts.errors import SettingError, TextError, TTSError
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.loading import device_name, family_spec, known_backend, known_spec, load_model
from tensorrt_tts.server.protocols.openai_names import VoiceNames
from tensorrt_tts.server.serve import bind, check_edges
from tensorrt_tts.text.normalize import check_text
from tensorrt_tts.validation import shown
from tensorrt_tts.weight_files import check_weights

if TYPE_CHECKING:
    from tensorrt_tts.server.settings import ServerSettings


def check_port(settings: ServerSettings) -> None:
    """Raises SettingError for one that is taken, or an address that this machine does not have."""
    bind(settings).close()


def check_backend(settings: ServerSettings) -> None:
    known_backend(settings.backend)


def check_device_name(settings: ServerSettings) -> None:
    """Not that it is there: the GPU may be that of another machine."""
    device_name(settings.device)


def check_warmup_text(settings: ServerSettings) -> None:
    try:
        check_text(settings.warmup_text, settings.max_characters)
    except TextError as error:
        raise SettingError(f"warmup_text {shown(settings.warmup_text)}: {error}") from error


def check_model(settings: ServerSettings) -> None:
    """Its name, and what of it lies on this machine: a hub is not asked. Of weights only that they
    are whole. Raises what loading it would, of the voice files too, and SettingError for a wrong
    `openai_voices`."""
    spec = known_spec(settings.model, settings.spec)
    demo = find_name(settings.model, SHIPPED) is not None and local_path(settings.model) is None
    folder = None if demo else _folder(settings.model, known=spec is not None)
    codec = None if settings.codec is None else _folder(settings.codec)
    if folder is not None and find_name(settings.backend, ("trtllm",)) is None:
        check_weights(folder)
    if (demo and settings.codec is None) or (codec is not None and (demo or folder is not None)):
        spec = load_model(settings.model, settings.codec, settings.spec).spec
    if spec is not None:
        VoiceNames([voice.name for voice in spec.voices], settings.openai_voices)
    family = spec or family_spec(settings.model, settings.spec)
    if family is not None:
        for path in settings.voice_files:
            family.check_voice_files()
            family.read_voice(path)


def check_bandwidth_extension(settings: ServerSettings) -> None:
    """Its config, and that its weights are there. Raises what loading it would."""
    if settings.bandwidth_extension is not None:
        bandwidth.check(settings.bandwidth_extension)


def _folder(name: str, known: bool = False) -> Path | None:
    """None for what will be downloaded. Raises CheckpointNotFoundError for what cannot be."""
    if local_path(name) is None and (known or is_hub_id(name)):
        return None
    return find(name, LANGUAGE_MODEL_FILES)


CHECKS: tuple[Callable[[ServerSettings], None], ...] = (
    check_edges,
    check_backend,
    check_device_name,
    check_warmup_text,
    check_model,
    check_bandwidth_extension,
    check_port,
)


def problems(settings: ServerSettings) -> Iterator[TTSError]:
    """What each check finds first."""
    for check in CHECKS:
        try:
            check(settings)
        except TTSError as error:
            yield error

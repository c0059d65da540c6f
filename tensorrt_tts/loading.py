"""Puts a speech model together: checkpoint folder, spec, tokenizer, codec, backend."""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from tensorrt_tts import checkpoint_folder
from tensorrt_tts.checkpoint_folder import CODEC_FILES, DEMO, LANGUAGE_MODEL_FILES, SHIPPED
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    CorruptCheckpointError,
    MissingDependencyError,
    SettingError,
    UnknownVoiceError,
)
from tensorrt_tts.families.base import SamplingDefaults, Spec, Voice
from tensorrt_tts.families.registry import (
    CHECKPOINTS,
    DEFAULT_SPEC,
    DEMO_SPEC,
    SPECS,
    Checkpoint,
)
from tensorrt_tts.files import read_json
from tensorrt_tts.identifiers import find_name, identifier
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.request_settings import problem_with
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    import numpy as np

    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension
    from tensorrt_tts.backends.base import Backend
    from tensorrt_tts.stream_options import StreamOptions
    from tensorrt_tts.synthesizer import Synthesizer

logger = logging.getLogger(__name__)


def load_model(model: str = DEMO, codec: str | None = None, spec: str | None = None) -> SpeechModel:
    """Find and check a model's files.

    model: a name of `checkpoint_folder.SHIPPED` or `families.registry`, a folder, or a hub id.
    codec: a folder or hub id, by default the model's own. spec: which variant of the family a
    folder or hub id is (`registry.SPECS`); by default its "tts_spec" in config.json, else English
    Orpheus. Names are found as `identifiers.find_name` does, folders and hub ids as they are.

    Raises the CheckpointError that fits, or SettingError for an unknown spec.
    """
    model, known = _known(model)
    if model in SHIPPED:
        folder = checkpoint_folder.demo_folder("lm", model)
        codec_folder = checkpoint_folder.demo_folder("codec", model)
        if not folder.is_dir():
            raise CheckpointNotFoundError(
                f"the demo voice's weights are not in '{folder}'; reinstall the package, or train "
                "them with `python -m demo_voice train`"
            )
    else:
        hub_id = known.hub_id if known else model
        mirror = known.mirror if known else None
        subfolder = _spec(spec, model, known).subfolder if spec or known else ""
        folder = checkpoint_folder.find(hub_id, LANGUAGE_MODEL_FILES, mirror, subfolder)
        codec_folder = folder
    checkpoint_folder.refuse_adapter(folder)
    config = checkpoint_folder.read_config(folder, _Config)
    if known is None and spec is None and config.tts_spec is not None:
        chosen = config.spec(folder)
    else:
        chosen = _spec(spec, model, known)
    if codec is not None or model not in SHIPPED:
        codec_folder = checkpoint_folder.find(
            codec or _codec_beside(model, folder, chosen) or chosen.codec_id,
            CODEC_FILES,
            subfolder=chosen.codec_subfolder,
        )
    family = chosen.load(folder, config.full_size, codec_folder)
    sampling = _sampling(folder, chosen.sampling) if chosen.saved_sampling else chosen.sampling
    return SpeechModel(model, family, sampling, folder, codec_folder)


def _codec_beside(model: str, folder: Path, spec: Spec) -> str | None:
    """The codec in the local folder that the language model is in, where they come together."""
    beside = folder.parent / spec.codec_subfolder
    local = checkpoint_folder.local_path(model) is not None
    together = local and spec.codec_subfolder and folder.name == spec.subfolder
    return str(beside) if together and beside.is_dir() else None


def known_spec(model: str, spec: str | None = None) -> Spec | None:
    """The spec of a model before anything of it is read or downloaded, or None for a folder or hub
    id that has to say it itself, or may have voices of its own. Raises SettingError for an unknown
    spec."""
    model, known = _known(model)
    if spec is None and known is None and model not in SHIPPED:
        return None
    found = _spec(spec, model, known)
    if model in SHIPPED:
        folder = checkpoint_folder.demo_folder("lm", model)
        return found.in_folder(folder) if (folder / "config.json").is_file() else found
    return None if known is None and found.replaceable else found


def shipped_voice(name: str | None) -> tuple[str, Voice]:
    """The model of SHIPPED that has a voice of that name, and the voice; the first ones for None.

    Raises UnknownVoiceError.
    """
    voices: list[str] = []
    for model in SHIPPED:
        spec = known_spec(model) or DEMO_SPEC
        try:
            return model, spec.voice(name)
        except UnknownVoiceError:
            voices += [voice.name for voice in spec.voices]
    raise UnknownVoiceError(
        f"voice {shown(name)} is none of those that ship; choose one of: {', '.join(voices)}, or "
        "name its --model"
    )


def family_spec(model: str, spec: str | None = None) -> Spec | None:
    """As `known_spec`, also where the checkpoint may have voices of its own: for what all of a
    family have in common, as the form of voice files."""
    model, known = _known(model)
    own = spec is None and known is None and model not in SHIPPED
    return None if own else _spec(spec, model, known)


def _known(model: str) -> tuple[str, Checkpoint | None]:
    """The model's name as it is known, and its checkpoint; the name as given where it is a folder
    or hub id. A folder is not taken for a name that is only spelled like it."""
    names = (*SHIPPED, *CHECKPOINTS)
    if model not in names and checkpoint_folder.local_path(model) is None:
        model = find_name(model, names) or model
    return model, CHECKPOINTS.get(model)


class _Config(BaseModel):
    """What of a language model's config.json is read here."""

    model_config = ConfigDict(extra="ignore")

    vocab_size: PositiveInt
    tts_full_vocab_size: PositiveInt | None = None
    tts_spec: str | None = None

    @property
    def full_size(self) -> int:
        """Ids of the whole model: `vocab_size` may be that of a cut vocabulary."""
        return self.tts_full_vocab_size or self.vocab_size

    def spec(self, folder: Path) -> Spec:
        try:
            return _named_spec(self.tts_spec or "")
        except SettingError as error:
            raise CorruptCheckpointError(
                f"'{folder / 'config.json'}': tts_{error}, or give --spec"
            ) from error


def _spec(name: str | None, model: str, known: Checkpoint | None) -> Spec:
    if name is not None:
        return _named_spec(name)
    if known is not None:
        return known.spec
    return DEMO_SPEC if model in SHIPPED else DEFAULT_SPEC


def _named_spec(name: str) -> Spec:
    found = find_name(name, SPECS)
    if found is None:
        raise SettingError(f"spec {name!r} is unknown; choose one of: {', '.join(SPECS)}")
    return SPECS[found]


def _sampling(folder: Path, defaults: SamplingDefaults) -> SamplingDefaults:
    """The settings saved with a checkpoint, by the rules for a request's. Orpheus's releases hold
    none that were meant.

    null and a field that is not there leave the default; "do_sample": false is greedy decoding,
    temperature 0, as it is for transformers.
    """
    path = folder / "generation_config.json"
    try:
        saved = read_json(path, dict[str, Any])
    except FileNotFoundError:
        return defaults
    chosen = {}
    for name in ("temperature", "top_p", "top_k", "repetition_penalty"):
        value = saved.get(name)
        problem = None if value is None else problem_with(name, value)
        if problem is not None:
            raise CorruptCheckpointError(f"'{path}': {problem}")
        if value is not None:
            chosen[name] = value
    samples = saved.get("do_sample")
    if samples is not None and not isinstance(samples, bool):
        raise CorruptCheckpointError(
            f"'{path}': do_sample {shown(samples)} is not true or false; use one of them"
        )
    if samples is False:
        chosen["temperature"] = 0.0
    return replace(defaults, **chosen)


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens a backend. where: the import string of a function of a folder, device and max_streams,
    imported when it is called: this module imports no backend, and vLLM's lies above it."""

    where: str

    def __call__(self, model: SpeechModel, device: str, max_streams: int) -> Backend:
        opened: Backend = pkgutil.resolve_name(self.where)(
            model.folder, device=device, max_streams=max_streams
        )
        return opened


BACKENDS: dict[str, Opener] = {
    "reference": Opener("tensorrt_tts.backends.reference:ReferenceBackend.from_folder"),
    "trtllm": Opener("tensorrt_tts.backends.trtllm.opening:checkpoint_backend"),
    "trtllm-pytorch": Opener("tensorrt_tts.backends.trtllm.opening:pytorch_backend"),
    "vllm": Opener("vllm_inference.backend:open_backend"),
}
"""Builders by name: (model, device, max_streams) to a loaded backend."""


def known_backend(name: str) -> Opener:
    """The builder of the backend of that name. Raises SettingError."""
    found = find_name(name, BACKENDS)
    if found is None:
        raise SettingError(f"backend {name!r} is unknown; choose one of: {', '.join(BACKENDS)}")
    return BACKENDS[found]


def device_name(device: str) -> str:
    """The device as torch spells it, whether it is there or not. Raises SettingError."""
    import torch

    device = identifier(device).lower()
    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise SettingError(f"device {device!r} is not cpu, cuda or cuda:N")
    return device


def check_device(device: str) -> str:
    """As `device_name`. Raises MissingDependencyError for one that is absent."""
    import torch

    device = device_name(device)
    kind = torch.device(device).type
    if kind == "cuda" and not torch.cuda.is_available():
        raise MissingDependencyError(
            f"device {device!r}: no NVIDIA GPU here, or torch was installed without CUDA; use cpu"
        )
    if kind == "cuda" and (torch.device(device).index or 0) >= torch.cuda.device_count():
        raise MissingDependencyError(
            f"device {device!r}: of the {torch.cuda.device_count()} NVIDIA GPUs that torch sees "
            "here the first is cuda:0; use one of them"
        )
    return device


def open_synthesizer(
    model: str = DEMO,
    backend: str = "reference",
    *,
    codec: str | None = None,
    spec: str | None = None,
    device: str = "cpu",
    max_streams: int = 16,
    noise: bool = True,
    voice_files: Sequence[Path] = (),
    bandwidth_extension: Path | None = None,
    options: StreamOptions | None = None,
) -> Synthesizer:
    """Load everything and return a synthesizer ready to speak. Blocks for as long as that takes.

    voice_files: of speakers that were saved; they join the model's voices, or take the place of
    those of their names. bandwidth_extension: folder of an AP-BWE checkpoint, for
    `Synthesizer.audio`; a model of another rate than it takes is spoken without, and a warning.

    Raises SettingError for an unknown backend or device, the CheckpointError that fits,
    VoiceFileError, and MissingDependencyError when the backend's package or the device is missing.
    """
    opener = known_backend(backend)
    device = check_device(device)
    from tensorrt_tts.synthesizer import Synthesizer

    speech_model = load_model(model, codec, spec)
    given = []
    for path in voice_files:
        speech_model.spec.check_voice_files()
        given.append(speech_model.spec.read_voice(path))
        speech_model = speech_model.with_voice(given[-1])
    found = speech_model.spec.open_codec(speech_model.codec_folder, noise, device)
    extension = _extension(bandwidth_extension, found.context.sample_rate, device)
    opened = opener(speech_model, device, max_streams)
    synthesizer = Synthesizer(speech_model, opened, found, options, extension)
    try:
        for voice in given:
            synthesizer.check_room(voice)
    except BaseException:
        run_blocking(synthesizer.close())
        raise
    return synthesizer


def _extension(folder: Path | None, sample_rate: int, device: str) -> BandwidthExtension | None:
    """None where it would have no effect, which is said."""
    if folder is None:
        return None
    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension

    extension = BandwidthExtension.from_folder(folder, device)
    takes, gives = extension.rates
    if takes != sample_rate:
        logger.warning(
            "bandwidth extension '%s' takes %d Hz, and this model speaks at %d Hz: %d Hz are "
            "resampled",
            folder,
            takes,
            sample_rate,
            gives,
        )
        return None
    return extension


def synthesize(
    text: str, voice: str | None = None, model: str = "demo", seed: int | None = None
) -> tuple[np.ndarray, int]:
    """Speak a text with the reference backend and wait for all of it: int16 (samples,), Hz.

    Loads the model each time; keep a `Synthesizer` to speak more than once. Works in a notebook too
    and wherever a loop is running, which stands still meanwhile; a program with an event loop of
    its own awaits `Synthesizer.synthesize` instead.
    """
    # Outside any event loop, whose first Ctrl-C would only be noted until loading is over.
    synthesizer = open_synthesizer(model)

    async def speak() -> tuple[np.ndarray, int]:
        async with synthesizer:
            pcm, _ = await synthesizer.synthesize(SpeechRequest(text, voice, seed=seed))
            return pcm, synthesizer.sample_rate

    return run_blocking(speak())

"""Puts a speech model together: checkpoint folder, spec, tokenizer, codec, backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorrt_tts import checkpoint_folder
from tensorrt_tts.checkpoint_folder import CODEC_FILES, DEMO, LANGUAGE_MODEL_FILES
from tensorrt_tts.codecs.snac_config import SnacConfig
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    CorruptCheckpointError,
    MissingDependencyError,
    SettingError,
)
from tensorrt_tts.models import orpheus
from tensorrt_tts.models.audio_vocabulary import full_vocab_size
from tensorrt_tts.models.checkpoints import CHECKPOINTS
from tensorrt_tts.models.orpheus import OrpheusSpec, SamplingDefaults
from tensorrt_tts.models.orpheus_tokens import OrpheusTokens
from tensorrt_tts.tokenizer import TextTokenizer

if TYPE_CHECKING:
    from tensorrt_tts.backends.protocol import Backend
    from tensorrt_tts.synthesizer import StreamOptions, Synthesizer


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """Everything about a model but its weights in memory.

    folder, codec_folder: where language model and codec lie.
    """

    name: str
    spec: OrpheusSpec
    tokens: OrpheusTokens
    tokenizer: TextTokenizer
    sampling: SamplingDefaults
    folder: Path
    codec_folder: Path


def load_model(model: str = DEMO, codec: str | None = None, spec: str | None = None) -> SpeechModel:
    """Find and check a model's files.

    model: "demo", a name from `models.checkpoints`, a folder, or a hub id. codec: a folder or hub
    id, by default the model's own. spec: which variant of the family a folder or hub id is
    (`orpheus.SPECS`); by default its "tts_spec" in config.json, else English Orpheus.

    Raises the CheckpointError that fits, or SettingError for an unknown spec.
    """
    known = CHECKPOINTS.get(model)
    if model == DEMO:
        folder = checkpoint_folder.demo_folder("lm")
        codec_folder = checkpoint_folder.demo_folder("codec")
        if not folder.is_dir():
            raise CheckpointNotFoundError(
                f"the demo voice's weights are not in '{folder}'; reinstall the package, or train "
                "them with `python -m demo_voice train`"
            )
    else:
        hub_id = known.hub_id if known else model
        mirror = known.mirror if known else None
        folder = checkpoint_folder.find(hub_id, LANGUAGE_MODEL_FILES, mirror)
        codec_folder = folder
    if codec is not None or model != DEMO:
        default = known.codec_id if known else "hubertsiuzdak/snac_24khz"
        codec_folder = checkpoint_folder.find(codec or default, CODEC_FILES)
    config = _config(folder)
    chosen = _spec(
        spec or (None if known else config.get("tts_spec")), model, known.spec if known else None
    )
    tokenizer = TextTokenizer(folder)
    tokens = OrpheusTokens.resolve(
        tokenizer.token_id, full_vocab_size(config), SnacConfig.read(codec_folder).codebook_size
    )
    return SpeechModel(
        model,
        chosen,
        tokens,
        tokenizer,
        _sampling(folder, chosen.sampling) if chosen is orpheus.DEMO else chosen.sampling,
        folder,
        codec_folder,
    )


def known_spec(model: str, spec: str | None = None) -> OrpheusSpec | None:
    """The spec of a model before anything of it is read or downloaded, or None for a folder or hub
    id that has to say it itself. Raises SettingError for an unknown spec."""
    known = CHECKPOINTS.get(model)
    if spec is None and known is None and model != DEMO:
        return None
    return _spec(spec, model, known.spec if known else None)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        int(config["vocab_size"])
    except FileNotFoundError as error:
        raise CheckpointNotFoundError(
            f"no config.json in '{folder}'; give the folder that holds the language model"
        ) from error
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CorruptCheckpointError(
            f"'{path}' is not a language model's config (no readable vocab_size); download it again"
        ) from error
    return dict(config)


def _spec(name: str | None, model: str, known: OrpheusSpec | None) -> OrpheusSpec:
    if name is None:
        if known is not None:
            return known
        return orpheus.DEMO if model == DEMO else orpheus.ENGLISH
    if not isinstance(name, str) or name not in orpheus.SPECS:
        raise SettingError(f"spec {name!r} is unknown; choose one of: {', '.join(orpheus.SPECS)}")
    return orpheus.SPECS[name]


def _sampling(folder: Path, defaults: SamplingDefaults) -> SamplingDefaults:
    """The settings saved with a checkpoint. Orpheus's releases hold none that were meant."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return defaults
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptCheckpointError(f"'{path}' is not readable JSON; download it again") from error
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    return replace(defaults, **{name: saved[name] for name in names if saved.get(name) is not None})


def _reference(model: SpeechModel, device: str, max_streams: int) -> Backend:
    from tensorrt_tts.backends.reference import ReferenceBackend

    return ReferenceBackend.from_folder(model.folder, device, max_streams=max_streams)


def _vllm(model: SpeechModel, device: str, max_streams: int) -> Backend:
    from vllm_inference.backend import VLLMBackend
    from vllm_inference.options import VLLMOptions

    options = VLLMOptions(device=device, max_streams=max_streams)
    return VLLMBackend.from_folder(model.folder, options)


def _trtllm(model: SpeechModel, device: str, max_streams: int) -> Backend:
    from tensorrt_tts.backends.trtllm_open import RuntimeOptions, open_checkpoint

    return open_checkpoint(model.folder, RuntimeOptions(max_streams=max_streams))


def _trtllm_pytorch(model: SpeechModel, device: str, max_streams: int) -> Backend:
    from tensorrt_tts.backends.trtllm_open import RuntimeOptions, open_pytorch

    return open_pytorch(model.folder, RuntimeOptions(max_streams=max_streams))


BACKENDS: dict[str, Callable[[SpeechModel, str, int], Backend]] = {
    "reference": _reference,
    "trtllm": _trtllm,
    "trtllm-pytorch": _trtllm_pytorch,
    "vllm": _vllm,
}
"""Builders by name: (model, device, max_streams) to a loaded backend."""


def check_device(device: str) -> None:
    """Raises SettingError for what is no device, MissingDependencyError for one that is absent."""
    import torch

    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise SettingError(f"device {device!r} is not cpu, cuda or cuda:N")
    if kind == "cuda" and not torch.cuda.is_available():
        raise MissingDependencyError(
            f"device {device!r}: no NVIDIA GPU here, or torch was installed without CUDA; use cpu"
        )


def open_synthesizer(
    model: str = DEMO,
    backend: str = "reference",
    *,
    codec: str | None = None,
    spec: str | None = None,
    device: str = "cpu",
    max_streams: int = 16,
    noise: bool = True,
    options: StreamOptions | None = None,
) -> Synthesizer:
    """Load everything and return a synthesizer ready to speak. Blocks for as long as that takes.

    Raises SettingError for an unknown backend or device, the CheckpointError that fits, and
    MissingDependencyError when the backend's package or the device is missing.
    """
    if backend not in BACKENDS:
        raise SettingError(f"backend {backend!r} is unknown; choose one of: {', '.join(BACKENDS)}")
    check_device(device)
    from tensorrt_tts.codecs.select import open_codec
    from tensorrt_tts.synthesizer import Synthesizer

    speech_model = load_model(model, codec, spec)
    found = open_codec(speech_model.codec_folder, noise, device)
    return Synthesizer(
        speech_model, BACKENDS[backend](speech_model, device, max_streams), found, options
    )

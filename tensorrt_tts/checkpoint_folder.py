"""From a name, a path or a hub id to a folder with the files, or one clear line about why not."""

from __future__ import annotations

import errno
import os
from importlib import resources
from pathlib import Path
from typing import TypeVar

from tensorrt_tts.errors import CheckpointError, CheckpointNotFoundError, reason
from tensorrt_tts.files import read_json
from tensorrt_tts.identifiers import identifier

T = TypeVar("T")

DEMO = "demo"
SHIPPED = {DEMO: "weights", "demo-hi": "weights_hi"}
"""The models that come with the package, each by its folder in `demo_voice`."""

LANGUAGE_MODEL_FILES = ("*.json", "*.safetensors", "tokenizer.model")
NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS))
"""Errors of the local disk, not of the network."""

NO_CONNECTION = ("ConnectError", "ConnectTimeout", "ConnectionError", "ProxyError", "SSLError")
"""By name: the hub client's transport is requests, httpx or httpx2, by its version."""

ADAPTER = "adapter_config.json"
"""Of peft; beside it lie adapter_model.safetensors and no model's config.json."""

CODEC_FILES = ("config.json", "config.yaml", "model.safetensors", "pytorch_model.bin")


def demo_folder(part: str, model: str = DEMO) -> Path:
    """The folder of a model of SHIPPED: part "lm" or "codec"."""
    return Path(str(resources.files("demo_voice") / SHIPPED[model] / part))


def given_path(name: str) -> Path:
    """A path as people write it: `~` is the home folder, also where no shell has said so."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # no such home
        return Path(name)


def local_path(name: str) -> Path | None:
    """The folder or file of that name on this machine, if there is one. `~` is the home folder."""
    try:
        path = Path(name).expanduser()
        # Path("") is the current folder, which nobody means who leaves a name empty.
        return path if name.strip() and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, not allowed, no such home, a NUL
        return None


def is_hub_id(name: str) -> bool:
    """By its looks; a folder may be called so too."""
    return not name.startswith((".", "/", "~")) and name.count("/") == 1


def find(name: str, files: tuple[str, ...], mirror: str | None = None, subfolder: str = "") -> Path:
    """A local folder as it is; anything else is a hub id, downloaded or taken from the hub's cache.

    files: patterns worth downloading. mirror: another hub id to try when the first is refused.
    subfolder: where in the repository they lie, and in a local folder that has one of that name.

    Raises CheckpointNotFoundError when there is no such folder or repository, CheckpointError when
    the hub refuses it (gated) or cannot be reached.
    """
    path = local_path(name)
    if path is not None and path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK):
            raise CheckpointError(
                f"folder '{name}' may not be read by this user; check its permissions"
            )
        return _inside(path, subfolder)
    if path is not None:
        raise CheckpointNotFoundError(
            f"'{name}' is a file; give the folder it lies in, with config.json and weights"
        )
    name = identifier(name)
    if not is_hub_id(name):
        raise CheckpointNotFoundError(
            f"no folder '{name}'; give a folder with config.json and weights, a hub id such as "
            "owner/name, or a known model name (`tensorrt-tts voices` lists them)"
        )
    wanted = tuple(f"{subfolder}/{file}" for file in files) if subfolder else files
    try:
        return _inside(_download(name, wanted), subfolder)
    except CheckpointError:
        if mirror is None:
            raise
        try:
            return _inside(_download(mirror, wanted), subfolder)
        except CheckpointError as error:
            raise CheckpointError(
                f"{name}: refused or unreachable; its mirror too: {error}"
            ) from None


def _inside(folder: Path, subfolder: str) -> Path:
    inner = folder / subfolder
    return inner if inner.is_dir() else folder


def read_config(folder: Path, kind: type[T]) -> T:
    """A language model's config.json. Raises CheckpointNotFoundError or CorruptCheckpointError."""
    try:
        return read_json(folder / "config.json", kind)
    except FileNotFoundError as error:
        raise CheckpointNotFoundError(
            f"no config.json in '{folder}'; give the folder that holds the language model"
        ) from error


def refuse_adapter(folder: Path) -> None:
    """A LoRA adapter is not a model, and of a folder that holds both some loaders add the two
    together and some do not. Raises CheckpointError."""
    if (folder / ADAPTER).exists():
        raise CheckpointError(
            f"'{folder}' holds a LoRA adapter ({ADAPTER}); merge it into its base model (peft's "
            f"merge_and_unload, then save_pretrained) and give that folder, or delete {ADAPTER} if "
            "it is merged already"
        )


def _download(hub_id: str, files: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(files)))
    except HFValidationError as error:
        raise CheckpointNotFoundError(
            f"no folder '{hub_id}', and it is no hub id either; give a folder, or owner/name"
        ) from error
    except GatedRepoError as error:
        raise CheckpointError(
            f"{hub_id} is gated: accept its licence on its page, then run `hf auth login`"
        ) from error
    except RepositoryNotFoundError as error:
        raise CheckpointNotFoundError(
            f"the hub has no {hub_id} (or it is private: `hf auth login`); check the spelling"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise CheckpointError(
            f"{hub_id} is not in the local cache and the hub cannot be reached; connect to the "
            f"network (and unset HF_HUB_OFFLINE), or give a local folder"
        ) from error
    except Exception as error:  # the client's transport raises its own kinds
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise CheckpointError(
                f"{hub_id} cannot be stored ({error.strerror}); free some space, or set HF_HOME to "
                "a folder with room"
            ) from error
        raise CheckpointError(f"{_interrupted(hub_id, error)} ({reason(error)})") from error


def _interrupted(hub_id: str, error: Exception) -> str:
    """What happened and what to do, in our words: the client's speak of its own cache and calls."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 429:
        return f"the hub takes no more requests from here for {hub_id}; wait some minutes"
    if status is not None and status >= 500:
        return f"the hub answered {status} for {hub_id}; try again later"
    if status is not None:
        return f"the hub refuses {hub_id} with {status}; check the id, and `hf auth whoami`"
    if type(error).__name__ in NO_CONNECTION:
        return f"the hub cannot be reached for {hub_id}; check network and proxy, or give a folder"
    return f"the download of {hub_id} broke off; try again, it goes on where it stopped"

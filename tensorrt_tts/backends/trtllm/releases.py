"""What the PyTorch backend of each TensorRT-LLM release does by itself."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version


@dataclass(frozen=True, slots=True)
class PyTorchRelease:
    """since: the first release of which this holds. contract: the release whose fields
    (`engine_folder.contract`) keywords are held to. native_rules: its sampler applies both
    `repetition_penalty` and `embedding_bias`, so that no logits processor is needed.
    transformers_5: it reads checkpoints saved by transformers 5; 1.2.1 pins 4.57.3."""

    since: str
    contract: str
    native_rules: bool
    transformers_5: bool


RELEASES = (
    PyTorchRelease("1.3.0rc24", "1.3.0rc24", native_rules=True, transformers_5=True),
    PyTorchRelease("1.0.0rc0", "1.2.1", native_rules=False, transformers_5=False),
)
"""Newest first. Before 1.3.0rc24 the default sampler takes a repetition penalty without a word and
ignores it (NVIDIA/TensorRT-LLM issue 9442; pull request 16485; the 1.3.0rc24 page on sampling is
the first to list penalties)."""


def pytorch_release(version: str) -> PyTorchRelease:
    """The row for an installed release; the oldest row for anything older."""
    installed = Version(version)
    return next((row for row in RELEASES if installed >= Version(row.since)), RELEASES[-1])

"""The reference backend on a device says what it says on a CPU, and can make room there."""

from __future__ import annotations

import asyncio

import torch

from engines.agreement import Limits
from engines.verify import Size, verify
from engines.verify_prompts import prompts
from engines.verify_reference import Reference
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.checkpoint_folder import demo_folder

LM, CODEC = demo_folder("lm"), str(demo_folder("codec"))


def test_greedy_ids_are_the_cpus(device: str) -> None:
    """In float32, whose rounding alone may turn a near tie over."""
    size = Size(prompts=2, spoken=28, read=10, far_spoken=100, far=10, generated=14)
    verdict = asyncio.run(
        verify(
            Reference(LM, "cpu"),
            prompts(LM, size.prompts, CODEC),
            lambda: ReferenceBackend.from_folder(LM, device),
            Limits(gap=0.001, near=1.0, overlap=1.0),
            size,
        )
    )
    assert verdict.same, verdict.table()


def test_while_it_rests_the_device_is_free(device: str) -> None:
    reference = Reference(LM, device)
    (asked,) = prompts(LM, 1, CODEC)
    before = reference.ranking(asked.prompt)
    reference.rest()
    assert {p.device.type for p in reference._model.parameters()} == {"cpu"}
    assert device == "cpu" or torch.cuda.memory_allocated() == 0
    reference.resume()
    assert {p.device.type for p in reference._model.parameters()} == {device}
    assert reference.ranking(asked.prompt) == before

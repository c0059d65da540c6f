"""Which release does what by itself."""

from __future__ import annotations

import pytest

from tensorrt_tts.backends.trtllm.releases import RELEASES, pytorch_release
from tensorrt_tts.engine_folder.contract import contract_for


@pytest.mark.parametrize(
    ("version", "native", "contract"),
    [
        ("1.0.0", False, "1.2.1"),
        ("1.2.1", False, "1.2.1"),
        ("1.3.0rc15", False, "1.2.1"),
        ("1.3.0rc23", False, "1.2.1"),
        ("1.3.0rc24", True, "1.3.0rc24"),
        ("1.3.0rc29", True, "1.3.0rc24"),
        ("1.3.0", True, "1.3.0rc24"),
        ("1.4.0rc1", True, "1.3.0rc24"),
    ],
)
def test_native_penalties_begin_with_1_3_0rc24(version: str, native: bool, contract: str) -> None:
    release = pytorch_release(version)
    assert (release.native_rules, release.contract) == (native, contract)


@pytest.mark.parametrize(("version", "new"), [("1.2.1", False), ("1.3.0rc24", True)])
def test_who_reads_checkpoints_of_transformers_5(version: str, new: bool) -> None:
    assert pytorch_release(version).transformers_5 is new


def test_every_row_has_a_contract_with_what_is_called() -> None:
    for release in RELEASES:
        callables = contract_for(release.contract).callables
        for name in ("PyTorchLLM", "SamplingParams", "KvCacheConfig", "SchedulerConfig"):
            assert name in callables

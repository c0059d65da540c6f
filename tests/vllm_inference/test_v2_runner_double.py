"""The doubles' shapes against the real vLLM's; run by `make test-vllm`."""

import inspect
from dataclasses import fields

import pytest

from tests.vllm_inference.v2_runner_double import CONTEXT_FIELDS, STATE_FIELDS
from vllm_inference.legal_slots import LegalSlots
from vllm_inference.legal_slots_v1 import LegalSlotsV1

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]


def test_the_v2_double_has_vllm_s_fields():
    from vllm.v1.worker.gpu.sample import logits_processor as v2

    assert {field.name for field in fields(v2.LogitsContext)} == CONTEXT_FIELDS
    assert {field.name for field in fields(v2.LogitsProcRequestState)} == STATE_FIELDS


def test_both_processors_keep_to_vllm_s_interfaces():
    from vllm.v1.sample import logits_processor as v1
    from vllm.v1.worker.gpu.sample import logits_processor as v2

    for ours, theirs in ((LegalSlots, v2.LogitsProcessor), (LegalSlotsV1, v1.LogitsProcessor)):
        assert issubclass(ours, theirs)
        for name in vars(theirs):
            if not name.startswith("_") or name == "__init__":
                expected, found = (
                    list(inspect.signature(getattr(each, name)).parameters)
                    for each in (theirs, ours)
                )
                assert found == expected, name

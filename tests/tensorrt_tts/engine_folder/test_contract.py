"""The contract itself."""

import re

import pytest

from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.releases import PINNED
from tensorrt_tts.errors import EngineError


@pytest.mark.parametrize("version", ["1.2.1", "0.21.0", "1.3.0rc24"])
def test_contract_is_well_formed(version):
    contract = contract_for(version)
    assert contract.version == version
    for name, callable_ in contract.callables.items():
        assert set(callable_.required) <= set(callable_.parameters), name
        assert not set(callable_.refused) & set(callable_.parameters), name
        assert callable_.path.startswith("tensorrt_llm."), name
        assert callable_.evidence, name


def test_defaults_that_must_not_be_left_to_upstream():
    build = contract_for(PINNED).callables["BuildConfig"]
    assert build.parameters["max_seq_len"] is None  # would become 131072 for Llama 3.2
    assert build.parameters["max_batch_size"] == 2048
    assert {"max_seq_len", "max_batch_size", "max_num_tokens"} <= set(build.required)
    sampling = contract_for(PINNED).callables["SamplingParams"]
    assert sampling.parameters["max_tokens"] == 32
    assert {"max_tokens", "end_id", "detokenize"} <= set(sampling.required)


@pytest.mark.parametrize(
    ("name", "keywords", "says"),
    [
        ("BuildConfig", {"max_seq_len", "max_batch_size", "max_num_token"}, "'max_num_tokens'"),
        ("BuildConfig", {"max_seq_len", "max_batch_size"}, "needs max_num_tokens"),
        ("LLM", {"model", "stream_interval"}, "PyTorch backend only"),
        ("PyTorchLLM", {"model", "build_config"}, "no engine is built"),
        ("SamplingParams", {"max_tokens", "end_id", "detokenize", "random_seed"}, "seed"),
        ("QWenForCausalLM.quantize", {"hf_model_dir", "output_dir", "device"}, "no device"),
        ("PluginConfig", {"xyzzy"}, "no such parameter"),
        ("Nonsense", set(), "not in the contract"),
    ],
)
def test_check_refuses_and_says_why(name, keywords, says):
    with pytest.raises(EngineError, match=re.escape(says)):
        contract_for(PINNED).check(name, keywords)


def test_enum_members():
    contract = contract_for(PINNED)
    assert contract.check_enum("QuantAlgo", "W8A16") == "W8A16"
    with pytest.raises(EngineError, match="'W8A61' is not a QuantAlgo"):
        contract.check_enum("QuantAlgo", "W8A61")

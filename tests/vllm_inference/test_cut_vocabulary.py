"""What the backend makes of a cut vocabulary; `test_audio_vocabulary.py` has the real engine."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from engines.vocabulary import cut, kept_ids
from tensorrt_tts.backends.base import Capacity, Finish, Grammar, Prompt, Sampling
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tensorrt_tts.errors import EngineError
from tensorrt_tts.loading import load_model
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.async_llm_double import AsyncLLMDouble, Script
from vllm_inference import bindings
from vllm_inference.backend import VLLMBackend
from vllm_inference.engine_stats import EngineStats
from vllm_inference.legal_rule import LegalRule
from vllm_inference.options import VLLMOptions

VOCABULARY = AudioVocabulary(100, (range(60, 80), range(7, 8)))


async def test_ids_are_narrowed_on_the_way_in_and_widened_on_the_way_out():
    engine = AsyncLLMDouble(Script([1, 5, 20, 21], "stop"))
    seen = {}
    generate = engine.generate

    def watching(prompt, params, request_id):
        seen.update(prompt)
        return generate(prompt, params, request_id)

    engine.generate = watching
    table = torch.arange(200.0).reshape(100, 2)
    backend = VLLMBackend(
        engine,
        engine.bindings(),
        Capacity(4, 100),
        VLLMOptions(singly_below=0),
        EngineStats(),
        PromptEmbedding(VOCABULARY, table),
    )
    grammar = Grammar((range(60, 70), range(70, 80)), stops=(7, 99))
    sampling = Sampling(50, grammar=grammar)
    chunks = [chunk async for chunk in backend.stream(Prompt((3, 61, 7)), sampling, "a")]
    assert [token for chunk in chunks for token in chunk.ids] == [60, 64, 79]
    assert chunks[-1].finish is Finish.STOP
    assert seen["prompt_token_ids"] == [0, 2, 21]
    assert seen["prompt_is_token_ids"] == [False] * 3
    assert torch.equal(seen["prompt_embeds"], table[[3, 61, 7]])
    params = engine.params["a"]
    assert params["stop_token_ids"] == [21]
    rule = LegalRule.from_extra_args(params["extra_args"])
    assert rule == LegalRule((), (((1, 11), (21, 22)), ((11, 21),)))


@pytest.mark.parametrize("able", [True, False])
def test_the_engine_is_told_and_an_older_one_refused(
    able: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, codec = tiny_model_folders()
    tokens = load_model(str(folder), str(codec)).family.tokens
    cut(folder, kept_ids(tokens.grammar()), tmp_path / "cut")
    started = []
    engine = AsyncLLMDouble(Script([1]))
    names = SimpleNamespace(
        start=lambda arguments, loggers: started.append(arguments) or engine,
        device="cpu",
        interval_per_request=True,
        embeds_with_ids=able,
    )
    monkeypatch.setattr(bindings, "load", lambda: names)
    if not able:
        with pytest.raises(EngineError, match=r"vLLM 0\.32 or later"):
            VLLMBackend.from_folder(tmp_path / "cut")
        return
    VLLMBackend.from_folder(tmp_path / "cut")
    assert started[0]["enable_prompt_embeds"] is True
    VLLMBackend.from_folder(folder)
    assert "enable_prompt_embeds" not in started[1]

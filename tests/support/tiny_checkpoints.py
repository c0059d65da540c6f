"""A tiny tied Llama with Orpheus's tokenizer and a tiny Qwen2 with Spark's, as the transformers of
the interpreter that runs this saves them, each with its logits on a few ids.

    python -m tests.support.tiny_checkpoints FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

IDS = list(range(3, 35))
"""The logits on these are saved beside the checkpoint: (32, vocabulary), float32."""

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8,
}
"""Original positions so few that the scaling shows in 32 ids."""

BASE = {"llama": 500000.0, "qwen": 1000000.0}


def write_spark_tokenizer(folder: Path) -> int:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    letters = ["<|endoftext|>", "<|im_end|>", "<unk>", *map(chr, range(32, 127))]
    vocabulary = {name: index for index, name in enumerate(letters)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tasks = ("task_tts", "start_content", "end_content", "start_global_token", "end_global_token")
    added = [
        *letters[:2],
        *(f"<|{name}|>" for name in (*tasks, "start_semantic_token", "end_semantic_token")),
        *(f"<|bicodec_global_{code}|>" for code in range(4096)),
        *(f"<|bicodec_semantic_{code}|>" for code in range(8192)),
        *(f"<|pitch_value_{number}|>" for number in range(1001)),
        *(f"<|speed_value_{number}|>" for number in range(11)),
    ]
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in added])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer.get_vocab_size()


def _save(folder: Path, kind: str) -> None:
    import torch
    import transformers
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    from tests.support.engine_builds import write_tokenizer

    folder.mkdir(parents=True)
    size = write_tokenizer(folder) if kind == "llama" else write_spark_tokenizer(folder)
    new = int(transformers.__version__.split(".")[0]) >= 5
    scaling = LLAMA3 if kind == "llama" else None
    rope: dict[str, Any] = {"rope_theta": BASE[kind], "rope_scaling": scaling}
    if new:
        kept = scaling or {"rope_type": "default"}
        rope = {"rope_parameters": {"rope_theta": BASE[kind], **kept}}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    sizes = {"vocab_size": size, "hidden_size": 128, "intermediate_size": 256}
    common = {"num_hidden_layers": 2, "max_position_embeddings": 8192, "tie_word_embeddings": True}
    config = {**heads, **sizes, **common, **rope, "bos_token_id": 0, "eos_token_id": 1}
    torch.manual_seed(0)
    if kind == "llama":
        model = LlamaForCausalLM(LlamaConfig(**config, rms_norm_eps=1e-5))
    else:
        model = Qwen2ForCausalLM(Qwen2Config(**config))
    for name, weights in model.named_parameters():
        if "proj" in name:  # large enough that attention, hence RoPE, matters
            torch.nn.init.normal_(weights, std=0.2)
    model.to(torch.bfloat16).save_pretrained(folder)
    begin, end = ("<|begin_of_text|>", "<|eot_id|>")
    if kind == "qwen":
        begin, end = ("<|endoftext|>", "<|im_end|>")
    extra = "extra_special_tokens" if new else "additional_special_tokens"
    PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        bos_token=begin,
        eos_token=end,
        **{extra: ["<unk>"]},
    ).save_pretrained(folder)
    with torch.inference_mode():
        # Loaded anew: the cast above has rounded RoPE's frequencies too.
        dtype = {"dtype" if new else "torch_dtype": torch.float32}
        model = type(model).from_pretrained(folder, **dtype).eval()
        logits = model(input_ids=torch.tensor([IDS])).logits[0]
    np.save(folder / "logits.npy", logits.numpy())


if __name__ == "__main__":
    for kind in BASE:
        _save(Path(sys.argv[1]) / kind, kind)

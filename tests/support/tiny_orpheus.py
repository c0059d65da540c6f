"""A whole Orpheus-layout model of a few hundred kilobytes with random weights: it speaks noise."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support.tiny_snac import TINY, write_snac

CHARACTERS = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'\"-<>_|()…"


def write_tokenizer(folder: Path, codebook_size: int) -> int:
    """Character-level text, then `<custom_token_N>`. Returns the vocabulary's size."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    names = ["<|begin_of_text|>", "<|eot_id|>", "<unk>", *CHARACTERS]
    tokenizer = Tokenizer(
        models.WordLevel({name: index for index, name in enumerate(names)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    custom = [f"<custom_token_{n}>" for n in range(10 + 7 * codebook_size)]
    special = [AddedToken(name, special=True, normalized=False) for name in names[:2] + custom]
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(names) + len(custom)


def write_orpheus(
    folder: Path, codebook_size: int = TINY.codebook_size, seed: int = 0, hidden: int = 64
) -> Path:
    """A Llama checkpoint folder: 2 layers, head_dim 32, tokenizer beside it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    vocab_size = write_tokenizer(folder, codebook_size)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=2048,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        torch.nn.init.normal_(model.lm_head.weight, std=0.5)  # logits that differ: greedy is stable
        # All control tokens get a logit of 0, far below the best audio token: generations end by
        # length, as a test wants it.
        model.lm_head.weight.data[: vocab_size - 7 * codebook_size] = 0
    model.save_pretrained(folder)
    path = folder / "config.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(written | {"tts_spec": "orpheus-english"}), encoding="utf-8")
    return folder


@lru_cache(maxsize=1)
def tiny_model_folders() -> tuple[Path, Path]:
    """(language model, codec), made once per test process."""
    root = Path(mkdtemp(prefix="tiny-orpheus-"))
    return write_orpheus(root / "lm"), write_snac(root / "codec")

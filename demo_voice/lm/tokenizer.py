"""The tokenizer files of the shipped model: one character of what is read is one token."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from demo_voice.lm.vocabulary import Vocabulary


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Characters to ids; control and audio tokens are special, so callers can switch them off."""
    names = vocabulary.names
    ids = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<|unk|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    special = [name for name in names if name.startswith("<")]
    tokenizer.add_special_tokens([AddedToken(n, special=True, normalized=False) for n in special])
    # In front of the text of a prompt; a text has no colon when it gets there.
    heads = [name for name in names if len(name) > 1 and name not in special]
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in heads])
    return tokenizer


def save_tokenizer(vocabulary: Vocabulary, folder: Path) -> None:
    """tokenizer.json and tokenizer_config.json, as AutoTokenizer reads them."""
    build_tokenizer(vocabulary).save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<custom_token_2>",
        "pad_token": "<|pad|>",
        "unk_token": "<|unk|>",
        "model_max_length": 4096,
        "clean_up_tokenization_spaces": False,
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")

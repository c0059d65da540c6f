"""The tokenizer files of the shipped model: one character of phonemes is one token."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from demo_voice.lm.vocabulary import BASE, SPECIALS, SYMBOLS, Vocabulary


def token_names(vocabulary: Vocabulary) -> list[str]:
    """The text of every id."""
    names = [*SPECIALS, *SYMBOLS]
    names += [f"<|spare_{i}|>" for i in range(len(names), BASE)]
    return names + [f"<custom_token_{n}>" for n in range(vocabulary.size - BASE)]


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Characters to ids; control and audio tokens are special, so callers can switch them off."""
    names = token_names(vocabulary)
    ids = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<|unk|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    special = [name for name in names if name.startswith("<")]
    tokenizer.add_special_tokens([AddedToken(n, special=True, normalized=False) for n in special])
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

"""The trained language model as a Hugging Face folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from demo_voice.lm.model import EPSILON, HEAD, ROPE_THETA, Shape, VoiceLM
from demo_voice.lm.tokenizer import save_tokenizer
from demo_voice.lm.vocabulary import ALONE, SLOTS
from demo_voice.voices import VOICES

MAX_POSITIONS = 4096
SHARED = ("model.layers.", "model.norm.")
"""Names of parameters that are the same in training and in the export."""
SAMPLING = {"temperature": 0.4, "top_p": 0.8, "repetition_penalty": 1.0}
"""Chosen on the validation sentences; see demo_voice/README.md."""


def hub_config(shape: Shape, default: str | None = None) -> dict[str, Any]:
    """config.json of `transformers`. default: the voice where none is asked for, else the first."""
    vocabulary = shape.vocabulary
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary.size,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "rms_norm_eps": EPSILON,
        "rope_theta": ROPE_THETA,
        "max_position_embeddings": MAX_POSITIONS,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": vocabulary.symbol_id("<|begin_of_text|>"),
        "eos_token_id": vocabulary.end,
        "pad_token_id": vocabulary.symbol_id("<|pad|>"),
        "dtype": "float16",
        "tts_spec": "demo",
        "alignment_heads": [[layer, 0] for layer in shape.guided],
    } | (
        {} if shape.vocabulary.voices == ALONE else {"tts_voices": declared(shape.voices, default)}
    )


def declared(voices: Sequence[str], default: str | None = None) -> list[dict[str, Any]]:
    """What the toolkit is told of the voices, the default one first."""
    voices = sorted(voices, key=lambda name: name != default)
    return [
        {
            "name": name,
            "languages": list(VOICES[name].languages),
            "friendly_name": VOICES[name].friendly_name,
        }
        for name in voices
    ]


@torch.no_grad()
def hub_state(model: VoiceLM) -> dict[str, Tensor]:
    """Parameters under `transformers` names, the sums of the audio tables collapsed."""
    state = {k: v for k, v in model.state_dict().items() if k.startswith(SHARED)}
    audio = model.audio_in().reshape(SLOTS * model.shape.codes, -1)
    state["model.embed_tokens.weight"] = torch.cat([model.model.embed_text.weight, audio])
    state["lm_head.weight"] = model.head()
    return state


def restore(checkpoint: Path) -> VoiceLM:
    """The model of a training checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    shape = Shape(**state["shape"])
    model = VoiceLM(shape, torch.zeros_like(state["model"]["audio_in.codebooks"]) + 1.0)
    model.load_state_dict(state["model"])
    return model.eval()


def export(model: VoiceLM, folder: Path, default: str | None = None) -> None:
    """Write the folder; half precision halves it and changes no word. default: as `hub_config`."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.half().contiguous() for k, v in hub_state(model).items()}
    save_file(state, str(folder / "model.safetensors"), metadata={"format": "pt"})
    write_json(folder / "config.json", hub_config(model.shape, default))
    generation = {
        "do_sample": True,
        **SAMPLING,
        "bos_token_id": model.vocabulary.symbol_id("<|begin_of_text|>"),
        "eos_token_id": model.vocabulary.end,
        "pad_token_id": model.vocabulary.symbol_id("<|pad|>"),
    }
    write_json(folder / "generation_config.json", generation)
    save_tokenizer(model.vocabulary, folder)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Readable JSON with a final newline."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

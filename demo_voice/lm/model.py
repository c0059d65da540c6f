"""The Llama that is trained: Hugging Face's LlamaForCausalLM written for training speed.

Same parameter names and numbers as `transformers`, except for the embeddings of audio ids, which
are sums while training (see `AudioTable`) and collapse into plain rows on export.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from demo_voice.lm.vocabulary import ALONE, LEVEL_OF_SLOT, SLOTS, Vocabulary

HEAD = 64  # the width of a head that every serving engine supports
ROPE_THETA = 10_000.0
EPSILON = 1e-5


@dataclass(frozen=True)
class Shape:
    """Sizes of the model."""

    codes: int
    hidden: int = 192
    inner: int = 512
    layers: int = 5
    guided: tuple[int, ...] = (1, 2)
    """Layers whose head 0 is taught to look at the phonemes being spoken."""
    voices: tuple[str, ...] = ALONE

    @property
    def heads(self) -> int:
        """Attention heads per layer."""
        return self.hidden // HEAD

    @property
    def vocabulary(self) -> Vocabulary:
        """Its ids."""
        return Vocabulary(self.codes, tuple(self.voices))


def rotation(length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines [length, HEAD] in `transformers` order (halves, not pairs)."""
    frequencies = ROPE_THETA ** -(torch.arange(0, HEAD, 2) / HEAD)
    angles = torch.outer(torch.arange(length).float(), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE of x [..., length, HEAD]."""
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):
    """Causal self-attention; keeps head 0's queries and keys for the guidance loss."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(hidden, hidden, bias=False)
        self.k_proj = nn.Linear(hidden, hidden, bias=False)
        self.v_proj = nn.Linear(hidden, hidden, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)
        nn.init.zeros_(self.o_proj.weight)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x [rows, length, hidden] -> the same, and head 0's (queries, keys)."""
        rows, length, hidden = x.shape

        def heads(y: Tensor) -> Tensor:
            return y.view(rows, length, -1, HEAD).transpose(1, 2)

        q = rotate(heads(self.q_proj(x)), cos, sin)
        k = rotate(heads(self.k_proj(x)), cos, sin)
        mixed = F.scaled_dot_product_attention(q, k, heads(self.v_proj(x)), is_causal=True)
        out = self.o_proj(mixed.transpose(1, 2).reshape(rows, length, hidden))
        return out, (q[:, 0], k[:, 0])


class Mlp(nn.Module):
    """SwiGLU."""

    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)
        nn.init.zeros_(self.down_proj.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x [..., hidden]."""
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """One decoder layer."""

    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.self_attn = Attention(hidden)
        self.mlp = Mlp(hidden, inner)
        self.input_layernorm = nn.RMSNorm(hidden, EPSILON)
        self.post_attention_layernorm = nn.RMSNorm(hidden, EPSILON)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x [rows, length, hidden] -> the same, and head 0's (queries, keys)."""
        mixed, guide = self.self_attn(self.input_layernorm(x), cos, sin)
        x = x + mixed
        return x + self.mlp(self.post_attention_layernorm(x)), guide


class AudioTable(nn.Module):
    """Rows of the audio ids [7 * codes, hidden] as sums of parts.

    The four fine slots of a frame share a codebook, as do the two middle ones, and codes that lie
    close together sound alike; a row is its slot's vector + its level's row + a linear map of its
    codebook vector + its own difference. What one slot learns the others learn too.
    """

    def __init__(self, codebooks: Tensor, hidden: int, scale: float) -> None:
        """codebooks: [3, codes, dim], the codec's."""
        super().__init__()
        levels, codes, dim = codebooks.shape
        unit = F.normalize(codebooks, dim=-1)
        self.codebooks: Tensor
        self.register_buffer("codebooks", unit - unit.mean(1, keepdim=True))
        self.slot = nn.Parameter(torch.randn(SLOTS, 1, hidden) * scale)
        self.level = nn.Parameter(torch.randn(levels, codes, hidden) * scale * 0.5)
        self.near = nn.Parameter(torch.randn(levels, dim, hidden) * scale)
        self.own = nn.Parameter(torch.zeros(SLOTS, codes, hidden))

    def forward(self) -> Tensor:
        """[7, codes, hidden]."""
        shared = self.level + self.codebooks @ self.near
        return self.slot + shared[list(LEVEL_OF_SLOT)] + self.own


class Backbone(nn.Module):
    """What `transformers` calls `model`, without the audio rows of the embedding."""

    def __init__(self, shape: Shape, text_rows: int) -> None:
        super().__init__()
        self.embed_text = nn.Embedding(text_rows, shape.hidden)
        nn.init.normal_(self.embed_text.weight, std=0.5)
        self.layers = nn.ModuleList(Layer(shape.hidden, shape.inner) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden, EPSILON)


class VoiceLM(nn.Module):
    """The language model of the demo voice while it trains."""

    def __init__(self, shape: Shape, codebooks: Tensor) -> None:
        super().__init__()
        self.shape = shape
        self.vocabulary = shape.vocabulary
        text_rows = self.vocabulary.audio(0)
        self.model = Backbone(shape, text_rows)
        self.audio_in = AudioTable(codebooks, shape.hidden, scale=0.3)
        self.audio_out = AudioTable(codebooks, shape.hidden, scale=0.02)
        self.text_out = nn.Parameter(torch.zeros(text_rows, shape.hidden))

    def forward(self, ids: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """ids [rows, length] -> states [rows, length, hidden], (queries, keys) of guided heads."""
        table = torch.cat([self.model.embed_text.weight, self.audio_in().flatten(0, 1)])
        x = F.embedding(ids, table)
        cos, sin = (t.to(x.device) for t in rotation(ids.shape[1]))
        guides = []
        for i, layer in enumerate(self.model.layers):
            x, guide = layer(x, cos, sin)
            if i in self.shape.guided:
                guides.append(guide)
        return self.model.norm(x), guides

    def head(self) -> Tensor:
        """Rows [vocabulary, hidden] of the output layer."""
        return torch.cat([self.text_out, self.audio_out().flatten(0, 1)])

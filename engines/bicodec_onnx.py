"""BiCodec's decoder as an ONNX graph of one fixed window width and any batch.

    codes     int64   [B, 1, W]           of each step; -1: no such step
    vector    float32 [B, channels]       what the codec makes of a speaker, once a stream
    styles    float32 [B, layers, 2, w]   (`codecs.bicodec.speaker`)
    samples   float32 [B, 320·W]

Prenet and generator are one graph, over the same window. In mid-stream its samples are exact from
67 steps on to 67 before its end; the torch codec gives the generator, which is 19 of 20 parts of
the work, a window of its own, and with state computes nothing twice. So this graph is for hops of a
second or more, and for whoever has no torch.

The graph is `codecs.bicodec.stages`, the code that the torch codec runs, seen by torch's exporter.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from engines.window_graph import exported, spread, write_graph
from tensorrt_tts.codecs.bicodec import weights as bicodec_weights
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.onnx import MODEL_FILE
from tensorrt_tts.codecs.bicodec.speaker import Speaker, speaker_weights
from tensorrt_tts.codecs.bicodec.stages import BiCodecStages, Weights, style_names
from tensorrt_tts.codecs.bicodec.windows import DEFAULT_STEPS, SPEAKER_FILE
from tensorrt_tts.codecs.fixed_window import exact_samples
from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    import onnx


class FixedWindow(torch.nn.Module):
    """`BiCodecStages` over a whole window whose steps outside the stream are marked −1."""

    def __init__(self, stages: BiCodecStages) -> None:
        super().__init__()
        self.stages = stages

    def forward(
        self, codes: torch.Tensor, vector: torch.Tensor, styles: torch.Tensor
    ) -> torch.Tensor:
        """codes: int64 (B, 1, W). vector, styles: as of `Speaker`. Returns (B, W·hop)."""
        length = codes.shape[-1]
        inside = (codes >= 0).float()
        speakers = Speaker(vector, styles)
        x = self.stages.embed(codes[:, 0].clamp(min=0)) * inside
        for stage in self.stages.stages:
            x = stage.compute(x, (0, length), (0, length * stage.rate), length, speakers)
            length *= stage.rate
            inside = spread(inside, stage.rate)
            x = x * inside
        return x[:, 0]


def export(folder: Path, out: Path, steps: int = DEFAULT_STEPS) -> Path:
    """Export the BiCodec checkpoint in `folder` to `out`/bicodec.onnx, with its config.json beside
    it, and what makes a speaker's vector and styles of its tokens.

    Byte for byte the same for the same weights, width and versions. Returns the file's path.
    Raises CheckpointError for the checkpoint, SettingError for `steps`, MissingDependencyError.
    """
    from safetensors.torch import save_file

    config, weights = bicodec_weights.load(folder)
    proto = onnx_model(config, weights, steps)
    path = write_graph(proto, config.model_dump_json(indent=2), out, MODEL_FILE)
    save_file(speaker_weights(weights, style_names(config)), out / SPEAKER_FILE)
    return path


def onnx_model(config: BiCodecConfig, weights: Weights, steps: int) -> onnx.ModelProto:
    """The graph described above."""
    if exact_samples(config.context(), steps) < 1:
        raise SettingError(
            f"steps {steps}: a window this narrow holds no exact sample in mid-stream; use "
            f"{DEFAULT_STEPS} or more"
        )
    codec = BiCodec(config, weights)
    condition = (0,) * config.speaker_encoder.token_num
    speaker = Speaker.stack([codec.speakers.speaker(condition)] * 2)
    proto: onnx.ModelProto = exported(
        FixedWindow(codec.stages),
        {
            "codes": torch.zeros(2, 1, steps, dtype=torch.int64),
            # Not those of inference mode, which an export refuses.
            "vector": torch.zeros(speaker.vector.shape),
            "styles": torch.zeros(speaker.styles.shape),
        },
    )
    return proto

"""BiCodec's encoding written down plainly, to compare with; and with each of the mistakes that are
easily made, by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F

Weights = Mapping[str, torch.Tensor]

SPEAKER_MISTAKES = (
    "mel of powers",
    "mel with a logarithm",
    "window at the frame's start",
    "filters of equal height",
    "HTK's mel scale",
    "filters from 0 Hz",
    "ends of zeros",
    "rectified after the norm",
    "norm of the clip itself",
    "groups that do not add up",
    "first group not read",
    "blocks without their input",
    "queries look at frames alone",
    "gate and value swapped",
    "gate by tanh",
    "latents normed as a layer",
    "no gamma",
    "levels around the middle one",
    "most significant digit first",
)

SEMANTIC_MISTAKES = (
    "codes not normalised",
    "sampling block does nothing",
    "sampling block doubles",
    "no layer scale",
    "last norm left out",
    "gelu by tanh",
)


def plain_speaker(
    weights: Weights, samples: np.ndarray, mistake: str | None = None
) -> dict[str, torch.Tensor]:
    """samples: the clip. weights: in the precision to compute in."""
    assert mistake is None or mistake in SPEAKER_MISTAKES
    mels = weights["speaker_encoder.speaker_encoder.layer1.conv.weight"].shape[1]
    like = weights["speaker_encoder.perceiver_sampler.latents"]
    mel = torch.from_numpy(plain_mel(samples, mels, mistake)).to(like)
    queries = _queries(weights, _ecapa(weights, mel[None], mistake), mistake)
    return {"mel": mel, "perceiver": queries, "glob": _fsq(weights, queries, mistake)}


def plain_mel(samples: np.ndarray, mels: int, mistake: str | None = None) -> np.ndarray:
    """Frame by frame, with numpy."""
    mode = "constant" if mistake == "ends of zeros" else "reflect"
    padded = np.pad(samples.astype(np.float64), 512, mode=mode)
    window = np.zeros(1024)
    start = 0 if mistake == "window at the frame's start" else (1024 - 640) // 2
    window[start : start + 640] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(640) / 640)
    spectra = [
        np.abs(np.fft.rfft(padded[at : at + 1024] * window))
        for at in range(0, len(samples) + 1, 320)
    ]
    spectrum = np.stack(spectra, 1)
    if mistake == "mel of powers":
        spectrum = spectrum**2
    mel = _filters(mels, mistake) @ spectrum
    return np.log(np.maximum(mel, 1e-5)) if mistake == "mel with a logarithm" else mel


def _filters(mels: int, mistake: str | None) -> np.ndarray:
    """Slaney: linear to 1 kHz, 15 mels of it, then logarithmic, 27 steps for a factor of 6.4."""
    step = np.log(6.4) / 27

    def to_mel(hertz: float) -> float:
        if mistake == "HTK's mel scale":
            return 2595 * np.log10(1 + hertz / 700)
        return hertz * 3 / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) / step

    def to_hertz(mel: float) -> float:
        if mistake == "HTK's mel scale":
            return 700 * (10 ** (mel / 2595) - 1)
        return mel * 200 / 3 if mel < 15 else 1000 * np.exp(step * (mel - 15))

    low = 0 if mistake == "filters from 0 Hz" else 10
    corners = [to_hertz(mel) for mel in np.linspace(to_mel(low), to_mel(8000), mels + 2)]
    bins = np.linspace(0, 8000, 513)
    filters = np.zeros((mels, 513))
    for index, (left, middle, right) in enumerate(
        zip(corners, corners[1:], corners[2:], strict=False)
    ):
        rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
        filters[index] = np.maximum(0, np.minimum(rising, falling))
        if mistake != "filters of equal height":
            filters[index] *= 2 / (right - left)
    return filters


def _ecapa(weights: Weights, x: torch.Tensor, mistake: str | None) -> torch.Tensor:
    name = "speaker_encoder.speaker_encoder"

    def conv(layer: str, x: torch.Tensor, dilation: int = 1) -> torch.Tensor:
        weight = weights[f"{layer}.weight"]
        half = dilation * (weight.shape[-1] - 1) // 2
        return F.conv1d(F.pad(x, (half, half)), weight, weights[f"{layer}.bias"], dilation=dilation)

    def relu_norm(layer: str, x: torch.Tensor) -> torch.Tensor:
        if mistake != "rectified after the norm":
            x = x.clamp(min=0)
        mean, variance = weights[f"{layer}.running_mean"], weights[f"{layer}.running_var"]
        if mistake == "norm of the clip itself":
            mean, variance = x.mean((0, 2)), x.var((0, 2), correction=0)
        x = (x - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
        x = x * weights[f"{layer}.weight"][:, None] + weights[f"{layer}.bias"][:, None]
        return x.clamp(min=0) if mistake == "rectified after the norm" else x

    x = relu_norm(f"{name}.layer1.bn", conv(f"{name}.layer1.conv", x))
    outputs = []
    for number in (2, 3, 4):
        block = f"{name}.layer{number}.se_res2block"
        y = relu_norm(f"{block}.0.bn", conv(f"{block}.0.conv", x))
        groups = list(y.split(64, 1))
        if mistake == "first group not read":
            groups = [groups[-1], *groups[:-1]]
        previous = torch.zeros_like(groups[0])
        for index in range(7):
            if mistake == "groups that do not add up":
                previous = torch.zeros_like(previous)
            previous = conv(f"{block}.1.convs.{index}", groups[index] + previous, number)
            groups[index] = previous = relu_norm(f"{block}.1.bns.{index}", previous)
        y = relu_norm(f"{block}.2.bn", conv(f"{block}.2.conv", torch.cat(groups, 1)))
        weigh = y.mean(2) @ weights[f"{block}.3.linear1.weight"].T
        weigh = (weigh + weights[f"{block}.3.linear1.bias"]).clamp(min=0)
        weigh = weigh @ weights[f"{block}.3.linear2.weight"].T
        weigh = torch.sigmoid(weigh + weights[f"{block}.3.linear2.bias"])
        y = y * weigh[:, :, None]
        x = y if mistake == "blocks without their input" else x + y
        outputs.append(x)
    return conv(f"{name}.conv", torch.cat(outputs, 1)).clamp(min=0)[0].T


def _queries(weights: Weights, frames: torch.Tensor, mistake: str | None) -> torch.Tensor:
    """(frames, channels) to (tokens, latent)."""
    name = "speaker_encoder.perceiver_sampler"

    def linear(layer: str, x: torch.Tensor) -> torch.Tensor:
        return x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]

    context = linear(f"{name}.proj_context", frames)
    x = weights[f"{name}.latents"]
    for index in (0, 1):
        block = f"{name}.layers.{index}"
        seen = context if mistake == "queries look at frames alone" else torch.cat([x, context])
        both = seen @ weights[f"{block}.0.to_kv.weight"].T
        asked, found = x @ weights[f"{block}.0.to_q.weight"].T, []
        for head in range(8):
            part = slice(64 * head, 64 * head + 64)
            keys, values = both[:, :512][:, part], both[:, 512:][:, part]
            found.append(torch.softmax(asked[:, part] @ keys.T / 8, -1) @ values)
        x = x + torch.cat(found, 1) @ weights[f"{block}.0.to_out.weight"].T
        value, gate = linear(f"{block}.1.0", x).chunk(2, 1)
        if mistake == "gate and value swapped":
            value, gate = gate, value
        gate = F.gelu(gate, approximate="tanh" if mistake == "gate by tanh" else "none")
        x = x + linear(f"{block}.1.2", gate * value)
    if mistake == "latents normed as a layer":
        x = F.layer_norm(x, x.shape[-1:])
    else:
        x = x / x.square().mean(-1, keepdim=True).sqrt()
    return x if mistake == "no gamma" else x * weights[f"{name}.norm.gamma"]


def _fsq(weights: Weights, queries: torch.Tensor, mistake: str | None) -> torch.Tensor:
    """Four levels: −2, −1, 0, 1."""
    name = "speaker_encoder.quantizer.project_in"
    x = queries @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    half = 3 * 1.001 / 2
    if mistake == "levels around the middle one":
        digits = (torch.tanh(x) * half).round().clamp(-2, 1) + 2
    else:
        digits = (torch.tanh(x + np.arctanh(0.5 / half)) * half - 0.5).round() + 2
    if mistake == "most significant digit first":
        digits = digits.flip(-1)
    return (digits.long() * 4 ** torch.arange(x.shape[-1])).sum(-1)


def plain_semantics(
    weights: Weights, features: np.ndarray, mistake: str | None = None
) -> dict[str, torch.Tensor]:
    """features: (steps, channels). weights: in the precision to compute in."""
    assert mistake is None or mistake in SEMANTIC_MISTAKES

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, correction=0) + 1e-6).sqrt()
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def conv(name: str, x: torch.Tensor, groups: int = 1) -> torch.Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.conv1d(x.T, weight, bias, padding=3, groups=groups).T

    def backbone(name: str, x: torch.Tensor) -> torch.Tensor:
        x = norm(f"{name}.norm", conv(f"{name}.embed", x))
        layers = sum(
            key.startswith(f"{name}.convnext") and key.endswith("gamma") for key in weights
        )
        for index in range(layers):
            block = f"{name}.convnext.{index}"
            y = norm(f"{block}.norm", conv(f"{block}.dwconv", x, x.shape[1]))
            y = linear(f"{block}.pwconv1", y)
            y = F.gelu(y, approximate="tanh" if mistake == "gelu by tanh" else "none")
            y = linear(f"{block}.pwconv2", y)
            x = x + (y if mistake == "no layer scale" else y * weights[f"{block}.gamma"])
        return x if mistake == "last norm left out" else norm(f"{name}.final_layer_norm", x)

    x = torch.from_numpy(features).to(weights["encoder.project.weight"])
    x = backbone("encoder.encoder", x)
    copies = {"sampling block does nothing": 1, "sampling block doubles": 2}.get(mistake or "", 3)
    for index in (0, 1):
        x = backbone(f"encoder.downsample.{index}.1", copies * x)
    z = linear("encoder.project", x)
    projected = z @ weights["quantizer.in_project.weight"][:, :, 0].T
    projected = projected + weights["quantizer.in_project.bias"]
    table = weights["quantizer.codebook.weight"]
    if mistake != "codes not normalised":
        table = table / table.norm(dim=1, keepdim=True)
    directions = projected / projected.norm(dim=1, keepdim=True)
    codes = torch.cdist(directions, table, compute_mode="donot_use_mm_for_euclid_dist").argmin(-1)
    return {"z": z.T, "z_e": projected.T, "semantic": codes}

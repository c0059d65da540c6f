import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.weights import WEIGHT_FILES
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_snac import TINY, without_encoder, write_snac


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_snac(tmp_path / "codec")


@pytest.mark.parametrize("form", ["normed bin", "folded bin", "folded safetensors"])
def test_every_form_of_checkpoint_decodes_alike(tmp_path: Path, form: str) -> None:
    torch.manual_seed(1)
    model = snac_weights.build(TINY)
    steps = [(1, 2, 3), (1, 2, 4), (1, 5, 6), (1, 5, 7)] * 3
    if form != "normed bin":
        snac_weights.fold(model)
    state = without_encoder(model)
    if form.endswith("bin"):
        torch.save(state, tmp_path / "pytorch_model.bin")
    else:
        from safetensors.torch import save_file

        save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    loaded = decode(SnacCodec.from_folder(tmp_path), steps)
    built = decode(SnacCodec(TINY, model.eval().requires_grad_(False)), steps)
    np.testing.assert_allclose(loaded, built, atol=1e-6)


def test_no_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no config\.json in codec folder"):
        snac_weights.load(tmp_path)


def test_no_weights(folder: Path) -> None:
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(CheckpointNotFoundError, match="no weights"):
        snac_weights.load(folder)


@pytest.mark.parametrize("name", WEIGHT_FILES)
def test_cut_weights(folder: Path, name: str) -> None:
    (folder / "pytorch_model.bin").unlink()
    (folder / name).write_bytes(b"\x80garbage")
    with pytest.raises(CorruptCheckpointError, match="cannot be loaded: it is cut short"):
        snac_weights.load(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"decoder_dim": 64}, "does not fit its config.json"),
        ({"codebook_size": 64}, "does not fit its config.json"),
        ({"attn_window_size": 32}, "attention"),
        ({"vq_strides": [8, 4, 2, 1]}, "vq_strides"),
        ({"decoder_dim": "wide"}, "decoder_dim is 'wide', not a whole number"),
        ({"decoder_dim": "32"}, "decoder_dim is '32', not a whole number"),
        ({"decoder_dim": 32.0}, r"decoder_dim is 32\.0, not a whole number"),
        ({"noise": "yes"}, "noise is 'yes', not true or false"),
        ({"sampling_rate": True}, "sampling_rate is True, not a whole number"),
        ({"decoder_rates": 8}, "decoder_rates is 8, not a list"),
        ({"colour": "red"}, "colour"),
        ({"decoder_rates": []}, "decoder_rates"),
        ({"decoder_rates": [8, 1]}, "decoder_rates"),
        ({"codebook_size": -1}, "codebook_size"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"depthwise": False}, "depthwise variant"),
    ],
)
def test_config_that_does_not_fit(folder: Path, change: dict[str, object], says: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptCheckpointError, match=says):
        snac_weights.load(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([1, 2], "holds a list"),
        ({"decoder": {"weight": 1}}, "holds 'decoder', a dict"),
        ({"epoch": 3, "state_dict": {}}, "holds 'epoch', a int"),
        ({"decoder.model.0.weight": None}, "holds 'decoder.model.0.weight', a NoneType"),
    ],
)
def test_a_file_that_holds_something_else(folder: Path, content: object, says: str) -> None:
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(CorruptCheckpointError, match=f"{says}, .*save the model's state_dict"):
        snac_weights.load(folder)


@pytest.mark.parametrize("name", WEIGHT_FILES)
def test_a_pointer_of_git_lfs(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(
        CorruptCheckpointError, match=rf"{name}' is a Git LFS pointer.*git lfs pull"
    ):
        snac_weights.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: torch.full_like(t, torch.nan), "is not finite everywhere.*download it again"),
        (lambda t: torch.full_like(t, torch.inf), "is not finite everywhere"),
        (lambda t: torch.zeros_like(t), "is not finite everywhere"),  # 0 / 0 in the weight norm
        (lambda t: t.to(torch.int8), "holds torch.int8, and weights are floats"),
        (lambda t: t.to(torch.complex64), "holds torch.complex64"),
    ],
)
def test_weights_that_would_decode_to_silence_or_noise(
    tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor], says: str
) -> None:
    state = old_spelling(snac_weights.build(TINY).state_dict())
    state[f"{LAYER}.weight_v"] = change(state[f"{LAYER}.weight_v"])
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    with pytest.raises(CorruptCheckpointError, match=rf"{LAYER}\.weight.*{says}"):
        snac_weights.load(tmp_path)


def test_names_with_a_prefix_are_shown_beside_those_that_are_due(folder: Path) -> None:
    path = folder / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, path)
    with pytest.raises(
        CorruptCheckpointError, match=r"missing: \d+ \(quant.*unknown: \d+ \(module\."
    ):
        snac_weights.load(folder)


def old_spelling(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in state.items()
    }


@pytest.mark.parametrize("file", WEIGHT_FILES)
@pytest.mark.parametrize("spelling", ["today's", "until 2.0", "each by turns", "some folded"])
def test_every_spelling_of_weight_norm_loads_to_the_bit(
    tmp_path: Path, spelling: str, file: str
) -> None:
    torch.manual_seed(1)
    model = snac_weights.build(TINY)
    new, old = (make(model.state_dict()) for make in (dict, old_spelling))
    folded = snac_weights.fold(model).state_dict()
    state = {"today's": new, "until 2.0": old}.get(spelling, new)
    if spelling != "today's":
        assert set(old) != set(new)
    if spelling == "each by turns":
        state = {k: v for k, v in new.items() if "decoder" in k}
        state |= {k: v for k, v in old.items() if "decoder" not in k}
    if spelling == "some folded":
        state = {k: v for k, v in folded.items() if "decoder" in k}
        state |= {k: v for k, v in old.items() if "decoder" not in k}
    state = {name: tensor.clone() for name, tensor in state.items()}
    if file.endswith("bin"):
        torch.save(state, tmp_path / file)
    else:
        from safetensors.torch import save_file

        save_file(state, tmp_path / file)
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    loaded = snac_weights.load(tmp_path)[1].state_dict()
    assert set(loaded) == set(folded)
    assert all(torch.equal(loaded[name], folded[name]) for name in folded)


LAYER = "decoder.model.1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weight_g": None}, f"the weight norm of {LAYER} lacks its magnitude"),
        ({"weight_v": None}, f"the weight norm of {LAYER} lacks its direction"),
        ({"weight": (3, 1, 1)}, f"the weight norm of {LAYER} also has a plain weight"),
        ({"parametrizations.weight.original0": (3, 1, 1)}, f"{LAYER} has its magnitude twice"),
        ({"weight_g": (5, 1, 1)}, r"a magnitude of shape \(5, 1, 1\) for a direction of"),
        ({"weight_g": ()}, r"a magnitude of shape \(\) for a direction of"),
        ({"weight_v": (8, 2, 1), "weight_g": (8, 1, 1)}, rf"{LAYER}\.weight has the shape \(8, 2"),
        ({"weight_h": (3, 1, 1)}, rf"unknown: 1 \({LAYER}\.weight_h"),
    ],
)
def test_weight_norms_that_are_not_whole(
    tmp_path: Path, change: dict[str, tuple[int, ...] | None], says: str
) -> None:
    state = old_spelling(snac_weights.build(TINY).state_dict())
    assert f"{LAYER}.weight_g" in state
    for part, shape in change.items():
        state.pop(f"{LAYER}.{part}", None)
        if shape is not None:
            state[f"{LAYER}.{part}"] = torch.ones(shape)
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    with pytest.raises(CorruptCheckpointError, match=says) as raised:
        snac_weights.load(tmp_path)
    assert "\n" not in str(raised.value)


def test_missing_tensors_are_named(folder: Path) -> None:
    path = folder / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    lost = next(name for name in state if name.startswith("decoder"))
    del state[lost]
    torch.save(state, path)
    with pytest.raises(CorruptCheckpointError, match=lost):
        snac_weights.load(folder)

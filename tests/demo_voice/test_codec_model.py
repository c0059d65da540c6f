"""The training form of the SNAC decoder, its quantiser and its exported weights."""

import sys

import pytest
import torch
from safetensors.torch import load_file
from snac import SNAC
from snac.layers import Decoder

from demo_voice import codec_model, kernels, tokenize
from demo_voice.decoder import decode, fold_weight_norm, load_weight_norm_state
from demo_voice.encoder import RunningMeans, quantize
from demo_voice.features import HEARD, HOP, SIZE, TEACHER_HOP, phoneme_numbers
from demo_voice.lm.vocabulary import SYMBOLS
from demo_voice.losses import reconstruction, stft

SMALL = {
    **codec_model.CONFIG,
    "encoder_dim": 2,
    "decoder_dim": 32,
    "codebook_size": 16,
    "noise": False,
}


@pytest.fixture
def small() -> codec_model.Codec:
    torch.manual_seed(0)
    return codec_model.Codec(SMALL)


def test_training_form_computes_what_snac_does():
    torch.manual_seed(0)
    decoder = Decoder(16, 32, [8, 8, 4, 2], noise=False, depthwise=True, attn_window_size=None)
    fold_weight_norm(decoder)
    latent = torch.randn(2, 16, 8)
    weight = torch.randn(2, 1, 8 * 512)
    parameters = list(decoder.parameters())
    theirs, ours = decoder(latent), decode(decoder, latent)
    assert torch.allclose(theirs, ours, atol=1e-5)
    expected = torch.autograd.grad((theirs * weight).sum(), parameters)
    got = torch.autograd.grad((ours * weight).sum(), parameters)
    for a, b in zip(expected, got, strict=True):
        assert (a - b).norm() <= 1e-3 * a.norm() + 1e-5
    assert sys.float_info.min / 4 > 0  # denormals are as before in this thread


def test_without_a_compiler_the_kernels_fall_back(monkeypatch):
    x, alpha = torch.randn(1, 4, 50), torch.rand(1, 4, 1) + 0.5
    fused = kernels.snake(x, alpha)
    monkeypatch.setattr(kernels, "library", lambda: None)
    assert torch.allclose(kernels.snake(x, alpha), fused, atol=1e-5)


def test_exported_weights_load_into_snac(small, tmp_path):
    codec_model.export(small, tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    model = SNAC(**SMALL)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.startswith("encoder.") for key in missing)
    slots = torch.randint(0, 16, (1, 3, 7))
    with torch.no_grad():
        codes = tokenize.unpack(slots)
        assert torch.allclose(model.eval().decode(codes), small.from_codes(codes), atol=1e-5)


def test_training_goes_on_from_exported_weights(small, tmp_path):
    codec_model.export(small, tmp_path)
    torch.manual_seed(1)
    other = codec_model.Codec(SMALL)
    load_weight_norm_state(other, load_file(tmp_path / "model.safetensors"))
    codes = tokenize.unpack(torch.randint(0, 16, (1, 3, 7)))
    with torch.no_grad():
        assert torch.equal(other.from_codes(codes), small.from_codes(codes))


def test_a_codec_with_more_codes_sounds_at_first_as_the_one_it_comes_from(small, monkeypatch):
    monkeypatch.setattr(codec_model, "SPLIT", 0.0)
    larger = codec_model.Codec(SMALL | {"codebook_size": 48})
    codec_model.load_state(larger, {"codec": small.state_dict(), "alphabet": codec_model.ALPHABET})
    slots = torch.randint(0, 16, (1, 3, 7))
    others = slots + 16 * torch.randint(0, 3, slots.shape)
    with torch.no_grad():
        made, said = (
            one.from_codes(tokenize.unpack(ids)) for one, ids in ((larger, others), (small, slots))
        )
    assert torch.equal(made, said)


def test_weights_of_another_architecture_are_refused(small):
    with pytest.raises(ValueError, match=r"another architecture: decoder\.x"):
        load_weight_norm_state(small, {"decoder.x": torch.zeros(1)})


def test_each_latent_is_told_the_phoneme_at_its_middle():
    frames = [3, 1, 2]  # of 300 samples: they end at 900, 1200 and 1800
    row = {"phonemes": "aɹ×", "durations": frames}  # no phoneme of ours is ×
    numbers = phoneme_numbers(row, sum(frames) * TEACHER_HOP // HOP + 1)
    a, r = (1 + SYMBOLS.index(c) for c in "aɹ")
    assert numbers.tolist() == [a, a, 0, 0]  # middles: 256, 768, 1280, 1792
    assert phoneme_numbers({"phonemes": "ɹ", "durations": [4]}, 2).tolist() == [r, r]


def test_quantizer_picks_the_codes_snac_picks(small):
    latent = torch.randn(2, 32, 16)
    ours = quantize(small.quantizer, latent)
    theirs, codes = small.quantizer(latent)
    assert all(torch.equal(a, b) for a, b in zip(ours.codes, codes, strict=True))
    assert torch.allclose(ours.latent, theirs, atol=1e-5)


def test_running_means_start_and_revive(small):
    means = RunningMeans(small.quantizer)
    with torch.no_grad():
        result = quantize(small.quantizer, torch.randn(4, 32, 64), quantized=False)
    means.remember(result.encodings)
    means.start()
    means.counts[0][:] = 0
    assert means.revive() == 16


def test_encoder_sees_no_further_than_its_context(small):
    features = torch.randn(1, SIZE, 48)
    features[:, HEARD] = torch.arange(48) % 9
    whole = small.latent_of(features)
    part = small.latent_of(features[:, :, 8:40])
    assert torch.allclose(whole[:, :, 8:24], part, atol=1e-5)


def test_slots_round_trip_in_orpheus_order():
    codes = [torch.tensor([[1]]), torch.tensor([[2, 3]]), torch.tensor([[4, 5, 6, 7]])]
    slots = tokenize.pack(codes)
    assert slots.tolist() == [[[1, 2, 4, 5, 3, 6, 7]]]
    assert all(torch.equal(a, b) for a, b in zip(tokenize.unpack(slots), codes, strict=True))


def test_spectrum_and_its_gradient_are_those_of_torch():
    audio = torch.randn(2, 4096, requires_grad=True)
    ours = stft(audio, 256)
    window = torch.hann_window(256)
    theirs = torch.stft(audio, 256, 64, window=window, return_complex=True).transpose(1, 2)
    assert torch.allclose(ours, theirs, atol=1e-4)
    (a,) = torch.autograd.grad(ours.abs().sum(), audio)
    (b,) = torch.autograd.grad(theirs.abs().sum(), audio)
    assert torch.allclose(a, b, atol=1e-3)


def test_reconstruction_loss_is_zero_for_the_same_sound():
    audio = torch.randn(1, 4096) * 0.1
    mel, phases = reconstruction(audio, audio)
    assert mel < 1e-6
    assert phases < 1e-3


def test_a_checkpoint_with_fewer_phonemes_keeps_its_rows_and_moments(small):
    # As codecs of the English voice were saved, before there were other sounds.
    old = {"codec": dict(small.state_dict())}
    for key in codec_model._ROWS:
        old["codec"][key] = old["codec"][key][: 1 + len(SYMBOLS)]
    torch.manual_seed(1)
    other = codec_model.Codec(SMALL)
    fresh = {key: other.state_dict()[key].clone() for key in codec_model._ROWS}
    told = codec_model.load_state(other, old)
    assert told.startswith(f"{len(SYMBOLS)} symbols taken over, ")
    assert told.endswith(" ɽ")
    for key, value in other.state_dict().items():
        if key in codec_model._ROWS:
            assert torch.equal(value[: 1 + len(SYMBOLS)], old["codec"][key])
            assert torch.equal(value[1 + len(SYMBOLS) :], fresh[key][1 + len(SYMBOLS) :])
        else:
            assert torch.equal(value, old["codec"][key])

    optimizer = torch.optim.AdamW(other.reader.parameters())
    other.reader(torch.randn(1, 32, 4)).sum().backward()
    optimizer.step()
    for averages in optimizer.state.values():
        for key in ("exp_avg", "exp_avg_sq"):
            averages[key] = averages[key][: 1 + len(SYMBOLS)] + 1
    codec_model.grow_moments(optimizer, SYMBOLS)
    for parameter, averages in optimizer.state.items():
        assert averages["exp_avg"].shape == parameter.shape
        assert (averages["exp_avg"][1 + len(SYMBOLS) :] == 0).all()
        assert (averages["exp_avg"][: 1 + len(SYMBOLS)] != 0).all()
    optimizer.step()

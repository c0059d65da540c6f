"""The net that hears phonemes, and what it makes of two sounds."""

import argparse
import itertools
from types import SimpleNamespace

import pytest
import torch

from demo_voice import codec, listener, tokenize, vocoder
from demo_voice.features import HOP, PHONEMES
from tensorrt_tts.errors import SettingError
from tests.demo_voice.tones import arguments, write_shard


@pytest.fixture
def hears():
    torch.manual_seed(0)
    return listener.Listener().eval().requires_grad_(False)


def given(work):
    """200 steps of the clock of `test_it_learns…`, a second each."""
    return argparse.Namespace(
        work=work, listener_minutes=200 / 60, threads=1, device="cpu", voices=None
    )


def test_it_names_a_phoneme_for_every_latent(hears):
    named, inner = hears(torch.randn(2, 8 * HOP))
    assert named.shape == (2, PHONEMES, 8)
    assert {layer.shape[2] for layer in inner} == {8}


def test_the_same_sound_is_not_misheard_and_another_one_pulls_at_what_made_it(hears):
    real = torch.randn(2, 8 * HOP) * 0.1
    assert float(listener.misheard(hears, real.clone(), real)) == pytest.approx(0, abs=1e-6)
    made = (real + 0.05 * torch.randn_like(real)).requires_grad_()
    apart = listener.misheard(hears, made, real)
    apart.backward()
    assert float(apart.detach()) > 0.01
    assert made.grad is not None
    assert bool(made.grad.abs().sum() > 0)


@pytest.mark.timeout(300)
def test_it_learns_which_tone_is_which_and_the_codec_listens_to_it(work, monkeypatch, capsys):
    monkeypatch.setattr(listener, "FRAMES", 4)
    seconds = itertools.count()
    monkeypatch.setattr(listener, "time", SimpleNamespace(monotonic=seconds.__next__))
    write_shard(work, "shard-0001", 400, phonemes="a")
    listener.run(given(work))
    assert "names 100.0% of held-out moments" in capsys.readouterr().out
    before = (work / "codec" / "listener.pt").read_bytes()
    listener.run(given(work))
    assert "trained already" in capsys.readouterr().out
    assert (work / "codec" / "listener.pt").read_bytes() == before

    def counted(*given):
        calls.append(given)
        return heard(*given)

    heard = listener.misheard
    for step in (codec, vocoder):
        calls: list[object] = []
        monkeypatch.setattr(step, "misheard", counted)
        step.run(arguments(work, 1.0))
        assert calls
        tokenize.run(arguments(work, 1.0))


def test_one_of_another_alphabet_is_named(hears, tmp_path):
    assert listener.load_listener(tmp_path, "cpu") is None
    path = tmp_path / "codec" / "listener.pt"
    path.parent.mkdir()
    hears.head = torch.nn.Conv1d(listener.WIDTH, 3, 1)
    torch.save(hears.state_dict(), path)
    with pytest.raises(SettingError, match=f"3 sounds apart, there are {PHONEMES}; remove it"):
        listener.load_listener(tmp_path, "cpu")

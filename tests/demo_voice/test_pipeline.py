"""The codec's steps in order, on a few seconds of made-up speech."""

import numpy as np
import pytest
from safetensors.torch import load_file

from demo_voice import codec, export, tokenize, vocoder
from demo_voice.lm import train
from demo_voice.lm.vocabulary import Vocabulary
from tensorrt_tts.errors import SettingError
from tensorrt_tts.loading import load_model
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest
from tests.demo_voice.tones import FRAMES, UTTERANCES, arguments, write_shard

HINDI = {
    "phonemes": "ʈaː",
    "durations": [20, 30, 11],
    "voice": "hf_alpha",
    "language": "hi",
    "prompt": "टा",
    "prompt_durations": [20, 41],
}


@pytest.mark.timeout(300)
def test_train_freeze_tokenize_and_go_on(work, capsys):
    codec.run(arguments(work, 1.5))
    before = load_file(work / "codec" / "model.safetensors")
    codec.run(arguments(work, 1.0))  # its budget is spent: the checkpoint stays
    assert "trained already" in capsys.readouterr().out

    tokenize.run(arguments(work, 1.0))
    tokens = np.load(work / "tokens" / "shard-0000.npz")
    assert tokens["codes"].shape == (UTTERANCES * FRAMES, 7)
    assert tokens["codes"].dtype == np.uint16
    assert tokens["codes"].max() < 16
    assert tokens["frames"].tolist() == [FRAMES] * UTTERANCES
    assert (work / "tokens" / "FROZEN").read_text().strip() == "16"

    vocoder.run(arguments(work, 1.0))
    after = load_file(work / "codec" / "model.safetensors")
    assert before.keys() == after.keys()
    inputs = [key for key in before if ".in_proj." in key]
    assert inputs
    assert all((before[key] == after[key]).all() for key in inputs)
    assert any((before[key] != after[key]).any() for key in before)


@pytest.mark.timeout(300)
def test_two_voices_share_a_codec_and_a_model_and_new_speech_joins_them(work, capsys):
    write_shard(work, "hf_alpha-0000", 120, **HINDI)
    codec.run(arguments(work, 1.0))
    tokenize.run(arguments(work, 1.0))
    vocoder.run(arguments(work, 0.5))
    assert "of heart, hf_alpha" in capsys.readouterr().out

    write_shard(work, "hf_alpha-0001", 130, **HINDI)
    with pytest.raises(SettingError, match=r"no codes of hf_alpha-0001 .*run `tokenize` first"):
        train.run(arguments(work, 0.5))
    tokenize.run(arguments(work, 1.0))
    assert f"tokenize: {UTTERANCES * FRAMES} frames" in capsys.readouterr().out
    train.run(arguments(work, 0.5))
    told = capsys.readouterr().out
    assert f"{3 * (UTTERANCES - 1)} sentences" in told
    assert "valid, end, heart" in told
    assert "valid, end, hf_alpha" in told

    export.run(arguments(work, 1.0))
    model = load_model(str(work / "weights" / "lm"), str(work / "weights" / "codec"))
    assert [voice.name for voice in model.spec.voices] == ["heart", "hf_alpha"]
    for voice, text, read in (("heart", "Hello.", "həlˈO."), ("Asha", "टा।", "टा.")):
        (segment,) = prepare_request(SpeechRequest(text, voice), model, 1000)
        name = model.spec.voice(voice).name
        assert segment.prompt.ids == tuple(Vocabulary(16, ("heart", "hf_alpha")).prompt(read, name))

    args = arguments(work, 1.0)
    args.default_voice = "hf_alpha"
    export.run(args)
    model = load_model(str(work / "weights" / "lm"), str(work / "weights" / "codec"))
    assert model.spec.voice(None).name == "hf_alpha"
    args.default_voice = "hm_psi"
    with pytest.raises(SettingError, match="'hm_psi': choose one of heart, hf_alpha"):
        export.run(args)

    # The next run starts from them, alphabet, vocabulary and all, and a third voice.
    (work / "codec").rename(work / "codec-before")
    (work / "lm").rename(work / "lm-before")
    (work / "tokens").rename(work / "tokens-before")
    write_shard(work, "hm_psi-0000", 100, **HINDI | {"voice": "hm_psi"})
    args = arguments(work, 0.5)
    args.codec_from = work / "codec-before" / "ckpt.pt"
    args.start_from = work / "weights" / "lm"
    args.hidden = args.layers = None
    codec.run(args)
    tokenize.run(args)
    train.run(args)
    told = capsys.readouterr().out
    assert "codec: 96 symbols taken over\n" in told
    assert "1 new: hm_psi:\n" in told
    args.codec_from = work / "nowhere"
    with pytest.raises(SettingError, match=r"--codec-from .*nowhere' is not there"):
        codec.run(args)

"""Cloning, from a recording to speech: the voice, the prompts, the cache, the command line, the
server. The weights are random, and everything else is real."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tensorrt_tts.audio.reference import read_reference
from tensorrt_tts.cli import main as tensorrt_tts
from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
from tensorrt_tts.codecs.bicodec.features import SpeechFeatures
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    EngineDiedError,
    InputError,
    SettingError,
    TextError,
    VoiceFileError,
)
from tensorrt_tts.families.spark import clone
from tensorrt_tts.families.spark.clone import FEATURES_FOLDER, ReferenceEncoder
from tensorrt_tts.families.spark.family import Spark
from tensorrt_tts.families.spark.voices import SparkVoice
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.server.serve import open_configured
from tensorrt_tts.server.settings import read_settings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.tiny_encoder import (
    encoder_weights,
    humming,
    write_cloning_spark,
    write_encoder,
    write_wav,
)

SAID = "So it goes. "
STEP = 320


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cloning_spark(tmp_path_factory.mktemp("spark"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENSORRT_TTS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "Asha.wav", humming(2, 22_050), rate=22_050)


def build(folder: Path) -> Synthesizer:
    return open_synthesizer(str(folder), spec="spark")


def encoded(folder: Path, path: Path) -> tuple[Sequence[int], Sequence[int]]:
    """By the parts themselves."""
    samples = read_reference(path).samples
    encoder = BiCodecEncoder.from_folder(folder / "BiCodec")
    heard = SpeechFeatures.from_folder(folder / FEATURES_FOLDER)(samples)
    return encoder.speaker(samples), encoder.semantics(heard)


@pytest.mark.parametrize("transcript", [None, SAID])
async def test_whoever_speaks_in_a_recording_speaks_a_text(
    folder: Path, recording: Path, transcript: str | None
) -> None:
    synthesizer = build(folder)
    voice = await synthesizer.clone_voice(recording, transcript)
    speaker, semantics = encoded(folder, recording)
    assert isinstance(voice, SparkVoice)
    assert (voice.name, voice.globals) == ("Asha", speaker)
    assert synthesizer.model.spec.voice("asha") is voice
    segments = await synthesizer.generate_segments(
        SpeechRequest("Hello there. " * 30, "Asha", seed=1, max_tokens=40)
    )
    pcm, report = await synthesizer.synthesize(SpeechRequest("Hi.", "Asha", seed=1, max_tokens=60))
    await synthesizer.close()
    assert len(segments) > 1
    family = synthesizer.model.family
    assert isinstance(family, Spark)
    for segment, _ in segments:
        ids = list(segment.prompt.ids)
        spoken = family.tokenizer.encode((transcript or "") + segment.text)
        tokens = [family.tokens.globals[code] for code in speaker]
        steps = [family.tokens.semantics[code] for code in semantics] if transcript else []
        assert ids[2 : 2 + len(spoken)] == spoken
        assert ids[4 + len(spoken) :] == [*tokens, *ids[4 + len(spoken) + 32 :][:2], *steps]
        assert segment.sampling.grammar.prefix == ()
    # What the prompt holds is not spoken again.
    assert (report.frames, len(pcm)) == (60, 60 * STEP)


async def test_it_is_encoded_once(
    folder: Path, recording: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []
    encode = ReferenceEncoder._encoded

    def count(self: ReferenceEncoder, *given: Any) -> Any:
        made.append(given[1] is not None)
        return encode(self, *given)

    monkeypatch.setattr(ReferenceEncoder, "_encoded", count)
    synthesizer = build(folder)
    first = await synthesizer.clone_voice(recording, SAID)
    again = await synthesizer.clone_voice(recording, SAID)
    assert (made, first) == ([True], again)
    # What is said in it is no part of what is encoded; whether it is encoded is.
    other = await synthesizer.clone_voice(recording, "Others say.", "other")
    assert isinstance(first, SparkVoice)
    assert isinstance(other, SparkVoice)
    assert first.reference is not None
    assert other.reference is not None
    assert other.reference.semantics == first.reference.semantics
    assert other.reference.transcript == "Others say."
    assert made == [True]
    plain = await synthesizer.clone_voice(recording)
    assert isinstance(plain, SparkVoice)
    assert (made, plain.globals, plain.reference) == ([True, False], first.globals, None)
    # By content, not by name or time.
    copy = write_wav(recording.with_name("copy.wav"), humming(2, 22_050), rate=22_050)
    await synthesizer.clone_voice(copy, SAID)
    assert len(made) == 2
    write_wav(copy, humming(2, 22_050, 151), rate=22_050)
    await synthesizer.clone_voice(copy, SAID)
    assert len(made) == 3
    monkeypatch.setattr(clone, "VERSION", 2)
    await synthesizer.clone_voice(recording, SAID)
    await synthesizer.close()
    assert len(made) == 4
    assert len(list((cache / "clones").iterdir())) == 4


async def test_another_codec_encodes_it_again(
    folder: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = read_reference(recording)
    found = ReferenceEncoder(folder / "BiCodec", "").encode(audio, False)
    other = write_encoder(tmp_path / "other", seed=1)
    assert ReferenceEncoder(other, "").encode(audio, False).globals != found.globals
    # A damaged entry is made again, and said.
    for path in (tmp_path / "cache" / "clones").iterdir():
        path.write_text(path.read_text().replace("[", "[1,", 1))
    assert capsys.readouterr().err == ""
    assert ReferenceEncoder(folder / "BiCodec", "").encode(audio, False) == found
    assert "it is made again" in capsys.readouterr().err
    assert ReferenceEncoder(folder / "BiCodec", "").encode(audio, False) == found
    assert capsys.readouterr().err == ""
    encoder_weights.cache_clear()


def test_a_clone_without_a_transcript_needs_no_wav2vec2(
    folder: Path, recording: Path, tmp_path: Path
) -> None:
    """1.2 GB that are neither loaded nor downloaded."""
    (tmp_path / "BiCodec").symlink_to(folder / "BiCodec")
    encoder = ReferenceEncoder(tmp_path / "BiCodec", "nobody/has-this")
    assert len(encoder.encode(read_reference(recording), False).globals) == 32
    with pytest.raises(CheckpointError, match=r"nobody/has-this"):
        encoder.encode(read_reference(recording), True)


def test_wav2vec2_comes_from_the_checkpoints_repository(
    folder: Path, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: list[tuple[str, list[str]]] = []

    def download(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append((hub_id, allow_patterns))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    (tmp_path / "BiCodec").symlink_to(folder / "BiCodec")
    encoder = ReferenceEncoder(tmp_path / "BiCodec", "owner/spark")
    found = encoder.encode(read_reference(recording), True)
    assert found.semantics == encoded(folder, recording)[1]
    ((hub_id, patterns),) = asked
    assert hub_id == "owner/spark"
    assert "wav2vec2-large-xlsr-53/pytorch_model.bin" in patterns
    assert all(pattern.startswith("wav2vec2-large-xlsr-53/") for pattern in patterns)


def test_a_codec_that_was_exported_without_its_encoder(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "bicodec.onnx").write_bytes(b"")
    with pytest.raises(CheckpointNotFoundError, match=r"give the folder that holds BiCodec's"):
        ReferenceEncoder(tmp_path, "").encode(read_reference(recording), False)


@pytest.mark.parametrize(
    ("transcript", "error", "says"),
    [
        ("", TextError, "in the reference's transcript: text has nothing to speak"),
        ("   ", TextError, "in the reference's transcript: "),
        ("a\x00b", TextError, "in the reference's transcript: "),
        ("so " * 400, TextError, "in the reference's transcript: .*1000"),
        ("<|im_end|>", InputError, r"spells the special token <\|im_end\|>|special token"),
        ("<|task_edit|>", InputError, r"special token"),
    ],
)
async def test_a_transcript_that_is_none(
    folder: Path, recording: Path, transcript: str, error: type[Exception], says: str
) -> None:
    synthesizer = build(folder)
    before = synthesizer.voices
    with pytest.raises(error, match=says):
        await synthesizer.clone_voice(recording, transcript)
    assert synthesizer.voices == before
    await synthesizer.close()


def test_a_voice_files_transcript_is_no_instruction(folder: Path, tmp_path: Path) -> None:
    path = write_voice(tmp_path, transcript="Hm <|end_content|>")
    with pytest.raises(
        VoiceFileError, match=r"reference.transcript of voice 'x' spells .*<\|end_content\|>; remo"
    ):
        open_synthesizer(str(folder), spec="spark", voice_files=[path])


def write_voice(folder: Path, **reference: Any) -> Path:
    path = folder / "voice.json"
    said = {"transcript": "Hm.", "semantics": [1, 2, 3]} | reference
    voice = {"name": "x", "language": "en", "globals": list(range(32)), "reference": said}
    path.write_text(json.dumps({"family": "spark"} | voice))
    return path


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ({"semantics": []}, "reference.semantics is .*"),
        ({"semantics": [-1]}, "reference.semantics.0 is -1, which must be at least 0"),
        ({"semantics": [8192]}, "reference.semantics of voice 'x' has 8192"),
        ({"transcript": ""}, "reference.transcript is '', too short"),
        ({"words": "a"}, "reference.words is not a field"),
        (
            {"semantics": [5] * 2200},
            r"voice 'x' puts 22\d\d tokens into every prompt, .*holds 4096",
        ),
    ],
)
def test_a_voice_file_with_a_reference_of_no_use(
    folder: Path, tmp_path: Path, reference: dict[str, Any], says: str
) -> None:
    with pytest.raises(VoiceFileError, match=says):
        open_synthesizer(
            str(folder), spec="spark", voice_files=[write_voice(tmp_path, **reference)]
        )


async def test_a_reference_may_not_fill_what_the_backend_holds(
    folder: Path, recording: Path, tmp_path: Path
) -> None:
    """The longest one fits 4096 tokens; of a smaller engine it is refused when it is cloned, and
    not cut short whenever it speaks."""
    synthesizer = build(folder)
    whole = write_wav(tmp_path / "long.wav", humming(30))
    await synthesizer.clone_voice(whole, SAID * 20)
    capacity = synthesizer.backend.capacity
    small = type("Small", (), {"max_sequence": 2048})()
    synthesizer.backend.__dict__["capacity"] = small
    before = synthesizer.voices
    with pytest.raises(
        VoiceFileError, match=r"'b' puts 17\d\d tokens .* holds 2048; use a shorter"
    ):
        await synthesizer.clone_voice(whole, SAID * 20, "b")
    assert synthesizer.voices == before
    await synthesizer.clone_voice(recording, None, "c")
    synthesizer.backend.__dict__["capacity"] = capacity
    await synthesizer.close()


async def test_a_recording_of_no_use_changes_nothing(folder: Path, tmp_path: Path) -> None:
    synthesizer = build(folder)
    before = synthesizer.voices
    short = write_wav(tmp_path / "short.wav", humming(0.5))
    with pytest.raises(InputError, match=r"short.wav' lasts 0.50 s; give at least 1 s"):
        await synthesizer.clone_voice(short)
    long = write_wav(tmp_path / "long.wav", humming(31))
    with pytest.raises(InputError, match=r"longer than 30 s"):
        await synthesizer.clone_voice(long, SAID)
    assert synthesizer.voices == before
    await synthesizer.close()


async def test_a_closed_synthesizer_clones_nobody(folder: Path, recording: Path) -> None:
    synthesizer = build(folder)
    await synthesizer.close()
    with pytest.raises(EngineDiedError, match="closed; open a new one"):
        await synthesizer.clone_voice(recording)


async def test_a_family_that_cannot(recording: Path) -> None:
    synthesizer = open_synthesizer("demo")
    with pytest.raises(
        SettingError, match=r"cannot speak as a reference does.*use --voice, or a Sp"
    ):
        await synthesizer.clone_voice(recording)
    await synthesizer.close()


def speak(folder: Path, *more: str) -> int:
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark", "--seed", "1"]
    return tensorrt_tts([*asked, *more])


def test_the_command_line_clones_once_and_the_server_speaks_it(
    folder: Path, tmp_path: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, said, again = tmp_path / "mine.json", tmp_path / "said.wav", tmp_path / "again.wav"
    reference = ["--reference", str(recording), "--reference-text", SAID]
    # All of it: what a smaller one leaves out depends on the pieces, and those on the clock.
    whole = ["--lookahead", "21381"]
    assert speak(folder, *reference, *whole, "--save-voice", str(saved), "-o", str(said)) == 0
    speaker, semantics = encoded(folder, recording)
    content = json.loads(saved.read_text())
    assert (content["name"], content["globals"]) == ("mine", list(speaker))
    assert content["reference"] == {"transcript": SAID, "semantics": list(semantics)}
    assert content["origin"].startswith(f"cloned from '{recording}'")
    assert speak(folder, "--voice-file", str(saved), *whole, "-o", str(again)) == 0
    assert np.abs(samples(again).astype(int) - samples(said)).max() <= 1
    given = ["--model", str(folder), "--spec", "spark", "--voice-files", str(saved)]
    synthesizer = open_configured(read_settings(given))
    assert [voice.name for voice in synthesizer.voices] == ["female", "male", "mine"]

    import asyncio

    async def served() -> np.ndarray:  # at the lookahead of its own
        # Nothing of a given speaker is left for the model to write.
        assert "mine" not in await synthesizer.settle_voices("Ready.")
        pcm, _ = await synthesizer.synthesize(SpeechRequest("Hello.", "mine", seed=1))
        await synthesizer.close()
        return pcm

    heard, expected = asyncio.run(served()), samples(said)
    assert len(heard) == len(expected)
    assert np.corrcoef(heard, expected)[0, 1] > 0.9
    capsys.readouterr()


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_the_command_line_says_what_was_not_heard(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_wav(tmp_path / "two.wav", humming(31), humming(31))
    assert speak(folder, "--reference", str(path), "--output", str(tmp_path / "a.wav")) == 0
    said = capsys.readouterr().err
    assert said.count("has 2 channels; the first one is heard") == 1
    assert said.count("is longer than 30 s; the rest of it is not heard") == 1


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--reference-text", "Hm."], "--reference-text 'Hm.' without --reference: .*give both or"),
        (["--reference", "none.wav"], "reference 'none.wav' cannot be read: No such file"),
        (["--reference", "{recording}", "--reference-text", " "], "in the reference's transcript"),
        (["--reference", "{recording}", "--voice", "male"], "not allowed with argument"),
        (["--reference", "{recording}", "--voice-file", "a.json"], "not allowed with argument"),
    ],
)
def test_what_the_command_line_refuses_before_a_model_is_loaded(
    recording: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    says: str,
) -> None:
    import re

    from tensorrt_tts import loading

    def never(*_: Any) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(loading, "load_model", never)
    given = [flag.format(recording=recording) for flag in flags]
    asked = ["speak", "Hello.", "--model", "spark-0.5b", *given]
    try:
        code = tensorrt_tts(asked)
    except SystemExit as left:
        code = int(left.code or 0)
    assert code == 2
    assert re.search(says, capsys.readouterr().err)


def test_a_model_that_cannot_clone(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tensorrt_tts(["speak", "Hello.", "--reference", str(recording)]) == 2
    assert "cannot speak as a reference does" in capsys.readouterr().err

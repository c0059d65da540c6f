"""Spark-TTS from a checkpoint folder to sound: loading, every kind of voice, the server, the
command line. The weights are random, and everything else is real."""

from __future__ import annotations

import contextlib
import json
import wave
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tensorrt_tts.backends.base import Prompt, Sampling, TokenChunk
from tensorrt_tts.cli import main as tensorrt_tts
from tensorrt_tts.client.__main__ import main as client
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.stability import run
from tensorrt_tts.errors import CorruptCheckpointError, NoAudioError, UnknownVoiceError
from tensorrt_tts.families.registry import CHECKPOINTS
from tensorrt_tts.families.spark.family import Spark
from tensorrt_tts.families.spark.voices import SparkVoice
from tensorrt_tts.loading import load_model, open_synthesizer
from tensorrt_tts.server.serve import open_configured
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import read_settings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.server_thread import ServerThread
from tests.support.tiny_bicodec import TINY, config, voice, write_bicodec
from tests.support.tiny_extension import tiny_extension, write_extension
from tests.support.tiny_spark import tiny_spark_folder, write_spark

TEXT = "The first sentence is quite long enough to stand here alone. "
RATE, STEP = 16_000, 320

SPEAKERS: dict[str, Any] = {
    "name": "mine",
    "template": {"content": "{voice}: {text}", "tag": "[{tag}]"},
    "tags": ["laughs"],
    "max_tokens": 100,
    "voices": [
        {"name": "Mitra", "internal": "lipakshi", "language": "hi"},
        {"name": "Asha", "language": "hi", "globals": list(voice(5))},
        {
            "name": "me",
            "language": "en",
            "globals": list(voice(6)),
            "reference": {"transcript": "So. ", "semantics": [4, 5, 6]},
        },
        {"name": "deep", "language": "en", "style": {"gender": "male", "pitch": "low"}},
    ],
}
BEFORE = {"Mitra": 34, "Asha": 0, "me": 0, "deep": 38}
"""Tokens before the first step."""

VOICES = list(BEFORE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spark(tmp_path_factory.mktemp("spark"), speakers=SPEAKERS)


def build(folder: Path, options: StreamOptions | None = None) -> Synthesizer:
    return open_synthesizer(str(folder), spec="spark", options=options)


@pytest.mark.parametrize("name", VOICES)
async def test_streamed_speech_is_the_offline_decode_of_its_tokens(folder: Path, name: str) -> None:
    options = StreamOptions(HopSchedule(lookahead=100 * STEP, hop=7))
    synthesizer = build(folder, options)
    request = SpeechRequest(TEXT, name, seed=4, max_tokens=160)
    ids = await synthesizer.generate_tokens(request)
    pcm, report = await synthesizer.synthesize(request)
    await synthesizer.close()
    who = synthesizer.model.spec.voice(name)
    parser = synthesizer.model.family.parser(who)
    offline = decode_offline(ids, parser, synthesizer.codec)
    assert len(pcm) == len(offline) == report.frames * STEP == (160 - BEFORE[name]) * STEP
    assert np.abs(pcm.astype(int) - offline).max() <= 1
    assert pcm.std() > 300
    assert (report.sample_rate, report.segments[0].counts.stray) == (RATE, 0)


async def test_with_state_it_is_the_same_speech(folder: Path) -> None:
    """At the lookahead of its own, where random weights have nothing more to say."""
    request = SpeechRequest(TEXT, "Asha", seed=4, max_tokens=90)
    heard = []
    for stateful in (False, True):
        synthesizer = build(folder, StreamOptions(stateful=stateful))
        heard.append((await synthesizer.synthesize(request))[0].astype(int))
        await synthesizer.close()
    assert len(heard[0]) == len(heard[1]) == 90 * STEP
    assert np.abs(heard[0] - heard[1]).max() <= 2


@pytest.mark.parametrize("name", VOICES)
async def test_first_audio_comes_after_the_speaker_the_lookahead_and_a_step(
    folder: Path, name: str
) -> None:
    """The codec's own lookahead, 31.8 steps: below that of an offline decode, and counted."""
    synthesizer = build(folder)
    ids = await synthesizer.generate_tokens(SpeechRequest(TEXT, name, seed=4, max_tokens=160))
    await synthesizer.close()
    parser = synthesizer.model.family.parser(synthesizer.model.spec.voice(name))
    _, first = run(LookaheadStreamingDecoder(synthesizer.codec, parser, HopSchedule(hop=1)), ids)
    assert first == BEFORE[name] + 31 + 1


async def test_a_given_speaker_is_one_in_every_segment(folder: Path) -> None:
    synthesizer = build(folder)
    opened: list[Any] = []
    codec, codec_open = synthesizer.codec, synthesizer.codec.open

    def note(*arguments: Any) -> Any:
        opened.append(arguments[2])
        return codec_open(*arguments)

    codec.open = note  # type: ignore[method-assign]
    for name in ("Asha", "Mitra"):
        await synthesizer.synthesize(SpeechRequest(TEXT * 6, name, seed=4, max_tokens=50))
    await synthesizer.close()
    half = len(opened) // 2
    assert half > 1
    assert set(opened[:half]) == {voice(5)}
    assert len(set(opened[half:])) == 1  # by name: whoever was heard in the first one


class Asked:
    """What a backend is asked for, and what it answers, in order."""

    def __init__(self, synthesizer: Synthesizer) -> None:
        self.asked: list[tuple[Prompt, Sampling]] = []
        self.answers: list[list[int]] = []
        self._stream = synthesizer.backend.stream
        synthesizer.backend.stream = self._listen  # type: ignore[method-assign]

    async def _listen(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        self.asked.append((prompt, sampling))
        self.answers.append([])
        async with contextlib.aclosing(self._stream(prompt, sampling, request_id)) as chunks:
            async for chunk in chunks:
                self.answers[-1] += chunk.ids
                yield chunk


@pytest.mark.parametrize("name", ["Mitra", "deep"])
async def test_who_is_heard_first_speaks_on(folder: Path, name: str) -> None:
    """The later prompts hold what the model wrote of a speaker, and it writes none again."""
    synthesizer = build(folder)
    asked = Asked(synthesizer)
    request = SpeechRequest(TEXT * 8, name, seed=4, max_tokens=60)
    async with synthesizer.stream(request) as speech:
        assert speech.voice is None
        async for _ in speech:
            pass
    report, written = speech.report, BEFORE[name]
    assert len(report.segments) > 2
    beginning = tuple(asked.answers[0][:written])
    for (prompt, sampling), answer in zip(asked.asked[1:], asked.answers[1:], strict=True):
        assert prompt.ids[-written:] == beginning
        assert sampling.grammar.prefix == ()
        assert answer[0] in sampling.grammar.cycle[0]
    assert len(asked.asked[0][1].grammar.prefix) == written
    assert [segment.counts.stray for segment in report.segments] == [0] * len(report.segments)
    assert report.frames == 60 * len(report.segments) - written
    # The first segment alone is what it would be alone, and another request has its own speaker.
    alone = await synthesizer.synthesize(replace(request, text=TEXT))
    assert alone[1].segments[0].tokens == report.segments[0].tokens
    other = await synthesizer.generate_segments(replace(request, seed=5))
    await synthesizer.close()
    assert isinstance(speech.voice, SparkVoice)
    assert {segment.voice for segment, _ in other[1:]} != {speech.voice}
    # What is generated without being decoded is the same.
    assert len({segment.voice for segment, _ in other[1:]}) == 1


async def test_a_speaker_that_was_not_whole_is_asked_for_again(folder: Path) -> None:
    synthesizer = build(folder)
    asked = Asked(synthesizer)
    with pytest.raises(NoAudioError):
        await synthesizer.synthesize(SpeechRequest(TEXT * 4, "Mitra", seed=1, max_tokens=20))
    await synthesizer.close()
    assert [len(sampling.grammar.prefix) for _, sampling in asked.asked] == [34] * len(asked.asked)


async def test_settled_speakers_cost_no_tokens(folder: Path) -> None:
    """Lookahead and a step until the first audio. Those that are made up stay so."""
    synthesizer = build(folder)
    asked = Asked(synthesizer)
    assert await synthesizer.settle_voices("Ready to speak.") == ["Mitra"]
    assert [len(answer) for answer in asked.answers] == [34]
    first, again = [], []
    for seed in (1, 2):
        request = SpeechRequest(TEXT, "lipakshi", seed=seed, max_tokens=80)
        ids = await synthesizer.generate_tokens(request)
        parser = synthesizer.model.family.parser(synthesizer.model.spec.voice("Mitra"))
        decoder = LookaheadStreamingDecoder(synthesizer.codec, parser, HopSchedule(hop=1))
        first.append(run(decoder, ids)[1])
        again.append(parser.condition)
        assert list(asked.asked[-1][0].ids[-34:]) == asked.answers[0]
    assert first == [31 + 1] * 2
    assert again[0] == again[1] is not None
    assert [voice.name for voice in synthesizer.voices] == VOICES
    styles = [voice.style for voice in synthesizer.voices if isinstance(voice, SparkVoice)]
    assert [style is None for style in styles] == [True, True, True, False]
    assert await synthesizer.settle_voices("Again.") == []
    await synthesizer.close()


async def test_the_same_speaker_is_settled_at_every_start(folder: Path) -> None:
    found = []
    for _ in range(2):
        synthesizer = build(folder)
        await synthesizer.settle_voices("Ready to speak.")
        found.append(synthesizer.model.spec.voice("Mitra"))
        await synthesizer.close()
    assert found[0] == found[1]


async def test_many_at_once_are_each_alone(folder: Path) -> None:
    import asyncio

    synthesizer = build(folder, StreamOptions(HopSchedule(lookahead=100 * STEP)))
    requests = [SpeechRequest(TEXT, name, seed=4, max_tokens=110) for name in VOICES * 2]
    alone = [(await synthesizer.synthesize(request))[0] for request in requests[:4]]
    together = await asyncio.gather(*map(synthesizer.synthesize, requests))
    await synthesizer.close()
    for index, (pcm, _) in enumerate(together):
        assert len(pcm) == len(alone[index % 4])
        assert np.abs(pcm.astype(int) - alone[index % 4]).max() <= 1


async def test_a_speaker_that_is_never_whole_is_no_audio(folder: Path) -> None:
    synthesizer = build(folder)
    with pytest.raises(NoAudioError):
        await synthesizer.synthesize(SpeechRequest(TEXT, "Mitra", seed=1, max_tokens=20))
    with pytest.raises(UnknownVoiceError, match=r"'tara' is not one of mine's.*Mitra, Asha, me"):
        await synthesizer.synthesize(SpeechRequest(TEXT, "tara"))
    await synthesizer.close()


def test_a_name_of_the_checkpoint_itself_and_tags(folder: Path) -> None:
    family = load_model(str(folder), spec="spark").family
    assert isinstance(family, Spark)
    assert family.spec.voice("lipakshi").name == "Mitra"
    prompt = family.prompt("Oh <laughs> dear", family.spec.voice("Mitra"))
    assert list(prompt.ids[2:-2]) == list(family.tokenizer.encode("lipakshi: Oh [laughs] dear"))
    # What engines keep of the vocabulary holds what any voice may emit.
    assert len(family.grammar.prefix) == 38
    assert family.grammar.cycle == (family.tokens.semantics,)


def test_a_folder_as_released_or_its_two_parts() -> None:
    folder = tiny_spark_folder()
    parts = {"model": str(folder / "LLM"), "codec": str(folder / "BiCodec")}
    for model in (
        load_model(str(folder), spec="spark"),
        load_model(**parts, spec="spark"),
        load_model(**parts),  # config.json says "spark"
        load_model(str(folder / "LLM")),
        load_model(str(folder), str(folder), "spark"),
    ):
        assert (model.folder, model.codec_folder) == (folder / "LLM", folder / "BiCodec")
        assert model.spec.name == "spark"


def test_the_released_checkpoint_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the two parts are downloaded, not what cloning needs."""
    import huggingface_hub

    asked: list[tuple[str, list[str]]] = []

    def download(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append((hub_id, allow_patterns))
        return str(tiny_spark_folder())

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert load_model("spark-0.5b").spec.name == "spark"
    assert {hub_id for hub_id, _ in asked} == {CHECKPOINTS["spark-0.5b"].hub_id}
    (language, codec) = (patterns for _, patterns in asked)
    assert all(pattern.startswith("LLM/") for pattern in language)
    assert "BiCodec/config.yaml" in codec
    assert all(pattern.startswith("BiCodec/") for pattern in codec)


def test_a_codec_that_is_not_the_models(folder: Path, tmp_path: Path) -> None:
    small = {"quantizer": {**TINY.quantizer.model_dump(), "codebook_size": 40}}
    other = TINY.model_dump(mode="json") | small
    write_bicodec(tmp_path / "small", type(TINY).model_validate(other))
    with pytest.raises(CorruptCheckpointError, match=r"semantic_40.*do not belong together"):
        load_model(str(folder), str(tmp_path / "small"), "spark")
    few = config(speaker_encoder={"token_num": 16})
    write_config(tmp_path / "few", few.model_dump(mode="json"))
    with pytest.raises(CorruptCheckpointError, match=r"token_num 16.*Spark-TTS writes 32"):
        load_model(str(folder), str(tmp_path / "few"), "spark")


def write_config(folder: Path, content: object) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"globals": [4096] * 32}, "globals of voice 'x' has 4096, and.*codes end at 4095"),
        (
            {"globals": [1] * 32, "reference": {"transcript": "a", "semantics": [8192]}},
            "reference.semantics of voice 'x' has 8192, and.*codes end at 8191",
        ),
    ],
)
def test_codes_that_the_codec_has_not(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    wrong = SPEAKERS | {"voices": [{"name": "x", "language": "en"} | change]}
    for name in ("LLM", "BiCodec"):
        (tmp_path / name).mkdir()
        for path in (tiny_spark_folder() / name).iterdir():
            (tmp_path / name / path.name).symlink_to(path)
    (tmp_path / "LLM" / "speakers.json").write_text(json.dumps(wrong))
    with pytest.raises(CorruptCheckpointError, match=says):
        load_model(str(tmp_path), spec="spark")


class SparkServer(ServerThread):
    """The real server around the real model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(BackendDouble())
        self._folder = folder

    def _open(self) -> Synthesizer:
        return build(self._folder)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[SparkServer]:
    server = SparkServer(folder)
    server.start()
    assert server.service.synthesizer.model.family.grammar.prefix  # of the one that is described
    yield server
    server.stop()


def test_a_server_begins_with_its_speakers_settled(server: SparkServer) -> None:
    voices = server.service.synthesizer.voices
    assert [bool(voice.globals) for voice in voices if isinstance(voice, SparkVoice)] == [
        *(True, True, True),
        False,
    ]


async def test_the_servers_settings_of_voices(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "voice.json"
    content = {"family": "spark", "name": "Nobody", "language": "hi", "globals": list(voice(7))}
    path.write_text(json.dumps(content))
    given = ["--model", str(folder), "--spec", "spark", "--voice-files", str(path)]
    settings = read_settings([*given, "--voice-tokens", "70", "--no-settle-voices"])
    assert not settings.settle_voices
    synthesizer = open_configured(settings)
    await synthesizer.close()
    assert [voice.name for voice in synthesizer.voices] == [*VOICES, "Nobody"]
    assert synthesizer.options.voice_tokens == 70
    unsettled = Service(settings, build(folder))
    async with unsettled.run():
        assert not unsettled.synthesizer.model.spec.voice("Mitra").globals  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["Mitra", "reet", "Asha"])
def test_the_server_speaks_it(
    server: SparkServer, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "said.wav"
    asked = ["--url", server.url, "--text", "Hello there.", "--voice", name]
    code = client([*asked, "--output", str(output)])
    if name == "reet":  # of another set
        assert code != 0
        assert "is not one of mine's" in capsys.readouterr().err
        return
    assert code == 0
    with wave.open(str(output)) as file:
        assert (file.getframerate(), file.getnframes() % STEP) == (RATE, 0)
        assert file.getnframes() > RATE
    _, about = server.get("/v1/audio/voices")
    assert [row["name"] for row in json.loads(about)["voices"]] == VOICES


def test_the_command_line_speaks_it(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "said.wav"
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark", "--seed", "1"]
    assert tensorrt_tts([*asked, "--voice", "asha", "--output", str(output)]) == 0
    with wave.open(str(output)) as file:
        assert file.getframerate() == RATE


def test_a_speaker_is_saved_and_speaks_again(folder: Path, tmp_path: Path) -> None:
    saved, output = tmp_path / "new" / "mitra.json", str(tmp_path / "said.wav")
    model = ["--model", str(folder), "--spec", "spark", "--output", output]
    asked = ["speak", "Hello.", *model, "--seed", "1"]
    assert tensorrt_tts([*asked, "--voice", "mitra", "--save-voice", str(saved)]) == 0
    content = json.loads(saved.read_text())
    assert (content["family"], content["name"], content["internal"]) == (
        *("spark", "Mitra"),
        "lipakshi",
    )
    assert "voice 'Mitra'" in content["origin"]
    assert "seed 1" in content["origin"]
    synthesizer = open_synthesizer(str(folder), spec="spark", voice_files=[saved])
    given = synthesizer.model.spec.voice("lipakshi")
    assert isinstance(given, SparkVoice)
    assert given.globals == tuple(content["globals"])
    assert synthesizer.model.family.grammar_of(given).prefix == ()
    assert tensorrt_tts([*asked, "--voice-file", str(saved)]) == 0
    again = tmp_path / "again.json"
    assert tensorrt_tts([*asked, "--voice-file", str(saved), "--save-voice", str(again)]) == 0
    assert json.loads(again.read_text())["globals"] == content["globals"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"globals": [4096] * 32},
            "globals of voice 'Mitra' has 4096, and this checkpoint's",
        ),
        ({"globals": [1] * 31}, "globals: 31 codes, and a speaker has 32"),
        ({"family": "orpheus"}, "family is 'orpheus', which must be 'spark'"),
        ({"name": "lipakshi"}, "voice 'lipakshi' has the name 'lipakshi', which is 'Mitra''s in"),
        (
            {"name": "X", "internal": "Asha"},
            "voice 'X' has the name 'Asha', which is 'Asha''s in mine; rename it",
        ),
        (
            {"reference": {"transcript": "a", "semantics": [8192]}},
            "reference.semantics of voice 'Mitra' has 8192",
        ),
    ],
)
def test_a_voice_file_of_another_model(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    says: str,
) -> None:
    path = tmp_path / "voice.json"
    good = {"family": "spark", "name": "Mitra", "language": "hi", "globals": list(voice(5))}
    path.write_text(json.dumps(good | change))
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark"]
    assert tensorrt_tts([*asked, "--voice-file", str(path)]) == 2
    assert says in capsys.readouterr().err


def test_a_model_without_voice_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--voice-file", "--save-voice"):
        assert tensorrt_tts(["speak", "Hello.", flag, str(tmp_path / "voice.json")]) == 2
        assert "has no voice files" in capsys.readouterr().err


def test_the_price_of_a_lookahead(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["stability", "--text", "Hi.", "--model", str(folder), "--voice", "Asha"]
    assert tensorrt_tts([*asked, "--spec", "spark", "--json"]) == 0
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert [row["policy"] for row in rows][6:] == [
        "lookahead 9600",
        "lookahead 10181 (default)",
        "lookahead 12800",
        "lookahead 21381 (full)",
        "decode again",
    ]
    assert rows[-2]["exact"]
    assert "is the smallest that is exact for this text" in said.err


def test_its_speech_at_48_khz(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By AP-BWE where its checkpoint is there, whose windows are the same whatever the hops."""
    extension, path = write_extension(tmp_path / "apbwe"), tmp_path / "x.wav"
    model = ["--model", str(folder), "--voice", "Asha", "--seed", "1", "-o", str(path), "--json"]
    # All of it: what a smaller one leaves out depends on the pieces, and those on the clock.
    model += ["--spec", "spark", "--lookahead", "21381"]
    found = {}
    for rate, options in (
        (16_000, []),
        (48_000, []),
        (48_001, ["--bandwidth-extension", str(extension)]),
    ):
        hz = rate // 1000 * 1000
        assert tensorrt_tts(["speak", TEXT, *model, "--sample-rate", str(hz), *options]) == 0
        report = json.loads(capsys.readouterr().out)
        with wave.open(str(path)) as file:
            assert file.getframerate() == hz
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
        found[rate] = report["sr_applied"], samples
    assert [applied for applied, _ in found.values()] == ["none", "soxr", "ap-bwe"]
    plain, extended = found[16_000][1], found[48_001][1]
    stream = tiny_extension().open()
    expected = np.concatenate([stream.push(plain), stream.finish()])
    assert np.abs(extended.astype(int) - expected).max() <= 1
    assert len(found[48_000][1]) == len(extended) == 3 * len(plain)

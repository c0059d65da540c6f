import numpy as np
import pytest

from benchmarks.runs.recorder import read_wav, write_wav
from benchmarks.runs.score import score, score_english
from benchmarks.runs.summary import summarize
from tensorrt_tts.errors import SettingError
from tests.benchmarks.exchanges import request
from tests.benchmarks.runs.test_summary import QUIET


@pytest.fixture
def lines(tmp_path):
    texts = ["Hello.", "We walked along the river at dusk."]
    found = []
    for index, text in enumerate(texts):
        write_wav(tmp_path / f"{index}.wav", np.full(2400, 1000 * (index + 1), np.int16), 24000)
        found.append(request(index).model_copy(update={"text": text, "audio": f"{index}.wav"}))
    return [*found, request(2)]


def test_scores_are_of_the_audio_that_was_streamed(tmp_path, lines):
    seen = []

    def transcribe(audio, rate):
        seen.append((round(float(audio[0]) * 32768), audio.size, rate))
        return "hello" if len(seen) == 1 else "we walked along a river"

    scores = score(lines, tmp_path, transcribe, lambda audio, rate: 4.0)
    assert seen == [(1000, 2400, 24000), (2000, 2400, 24000)]
    assert [found.index for found in scores] == [0, 1]  # the third kept no audio
    assert scores[0].wer == 0
    assert scores[1].wer == pytest.approx(3 / 7)
    assert scores[1].heard == "we walked along a river"
    assert scores[1].mos == 4.0
    summary = summarize(lines, QUIET, 1.0, scores)
    assert summary.extra["wer_overall"] == pytest.approx(3 / 8)


def test_without_an_opinion_model_there_is_no_opinion(tmp_path, lines):
    assert score(lines[:1], tmp_path, lambda audio, rate: "hello", None)[0].mos is None


def test_an_answer_that_a_model_fails_on_leaves_the_others_their_scores(tmp_path, lines, capsys):
    def transcribe(audio, rate):
        if round(float(audio[0]) * 32768) == 1000:
            raise RuntimeError("no speech\nin it")
        return lines[1].text

    (found,) = score(lines, tmp_path, transcribe, lambda audio, rate: float("nan"))
    assert (found.index, found.wer, found.mos) == (1, 0, None)
    told = capsys.readouterr().err
    assert told == (
        "warning: no score of 1 of 2 answers (RuntimeError: no speech); "
        f"their audio is in {tmp_path}\n"
    )


def test_audio_that_is_empty_or_gone_is_one_answer_without_a_score(tmp_path, lines, capsys):
    write_wav(tmp_path / "0.wav", np.zeros(0, np.int16), 24000)
    (tmp_path / "1.wav").unlink()

    def transcribe(audio, rate):
        assert audio.size, "nothing to transcribe"
        raise AssertionError(rate)

    assert score(lines, tmp_path, transcribe, None) == []
    assert "2 of 2 answers" in capsys.readouterr().err


def test_another_language_is_refused(tmp_path):
    hindi = request().model_copy(update={"language": "hi"})
    with pytest.raises(SettingError, match="'hi'"):
        score_english([hindi], tmp_path)


def test_wav_files_are_read_as_they_were_written(tmp_path):
    pcm = np.random.default_rng(0).integers(-32768, 32768, 999, dtype=np.int16)
    write_wav(tmp_path / "a" / "b.wav", pcm, 24000)
    assert np.array_equal(read_wav(tmp_path / "a" / "b.wav"), pcm)

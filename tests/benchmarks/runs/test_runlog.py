import json

import pytest

from benchmarks.runs.environment import hardware, versions
from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import Run, Score, read
from benchmarks.runs.summary import lag_line, summarize
from tensorrt_tts.errors import InputError, OutputError
from tests.benchmarks.exchanges import request


def run_line(**changes):
    fields = {
        "suite": "sweep",
        "started": "2026-01-01T00:00:00+00:00",
        "server": "ws://x",
        "hardware": hardware(),
        "versions": versions(),
        "settings": {"count": 1},
        "workload": {"loop": "one after another"},
    }
    return Run(**fields | changes)


def write(path, lines, finish=True):
    lag = lag_line(LoopLag([(0.0, 0.001)] * 10))
    with RunLoggers([JsonlLogger(path)]) as log:
        log.start(run_line())
        for line in lines:
            log.line(line)
        if finish:
            log.line(lag)
            log.line(summarize(lines, lag, 1.0))
    return path


def test_what_is_written_is_read_back(tmp_path):
    lines = [request(0, phase="cold"), request(1)]
    log = read(write(tmp_path / "new" / "run.jsonl", lines))
    assert list(log.requests) == lines
    assert log.run == run_line()
    assert log.summary == summarize(lines, log.lag, 1.0)
    assert log.measured == (lines[1],)
    assert log.scores == {}


def test_every_line_is_an_object_with_its_type(tmp_path):
    path = write(tmp_path / "run.jsonl", [request(0)])
    kinds = [json.loads(line)["type"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert kinds == ["run", "request", "lag", "summary"]


def test_a_run_that_was_cut_short_keeps_its_requests(tmp_path):
    log = read(write(tmp_path / "run.jsonl", [request(0)], finish=False))
    assert len(log.requests) == 1
    assert log.summary is None


@pytest.mark.parametrize("cut", [2, 40, 400])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path, cut):
    second = request(1).model_copy(update={"text": "ऋतु"})
    path = write(tmp_path / "run.jsonl", [request(0), second], finish=False)
    path.write_bytes(path.read_bytes()[:-cut])
    assert [line.index for line in read(path).requests] == [0]


def test_a_last_line_may_end_inside_a_character(tmp_path):
    path = write(tmp_path / "run.jsonl", [request(0)], finish=False)
    path.write_bytes(path.read_bytes() + '{"type": "request", "text": "ऋ'.encode()[:-1])
    assert len(read(path).requests) == 1


def test_a_broken_line_before_the_last_is_refused(tmp_path):
    path = write(tmp_path / "run.jsonl", [request(0), request(1)], finish=False)
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1][:100]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="line 2"):
        read(path)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_text_may_contain_any_line_separator(tmp_path, separator):
    line = request(0).model_copy(update={"text": f"one{separator}two"})
    assert read(write(tmp_path / "run.jsonl", [line])).requests == (line,)


def test_lines_are_in_the_file_as_soon_as_they_are_logged(tmp_path):
    logger = JsonlLogger(tmp_path / "run.jsonl")
    logger.start(run_line())
    logger.line(request(0))
    assert len(read(tmp_path / "run.jsonl").requests) == 1
    logger.finish()


def test_scores_are_found_by_request(tmp_path):
    logger = JsonlLogger(tmp_path / "run.jsonl")
    logger.start(run_line())
    logger.line(request(0))
    logger.line(Score(index=0, wer=0.25, heard="hello", mos=3.5))
    logger.finish()
    assert read(tmp_path / "run.jsonl").scores[0].wer == 0.25


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("", "does not begin with a run line"),
        ("not json\n", "line 1"),
        ('{"type": "weather"}\n', "line 1"),
        ('{"type": "run", "suite": 3}\n', "suite"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, content, names):
    path = tmp_path / "other.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=names) as refused:
        read(path)
    assert "\n" not in str(refused.value)


def test_a_field_that_is_not_in_the_schema_is_refused(tmp_path):
    path = write(tmp_path / "run.jsonl", [request(0)])
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[1] = json.dumps(json.loads(lines[1]) | {"speed": 1})
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"line 2: request\.speed"):
        read(path)


def test_a_log_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="make bench"):
        read(tmp_path / "none.jsonl")


def test_a_log_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--out"):
        JsonlLogger(tmp_path / "file" / "run.jsonl")


def test_loggers_are_finished_when_the_run_fails(tmp_path):
    class Recording:
        finished = 0

        def finish(self):
            self.finished += 1

    logger = Recording()
    with pytest.raises(KeyError), RunLoggers([logger]):
        raise KeyError
    assert logger.finished == 1

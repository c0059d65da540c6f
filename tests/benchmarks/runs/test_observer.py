import asyncio

import pytest

from benchmarks.runs.observer import Observer, ObservingLogger
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import read
from tensorrt_tts.errors import MissingDependencyError, OutputError
from tests.benchmarks.exchanges import request
from tests.benchmarks.runs.test_runlog import run_line


def fail(error):
    raise error


def test_what_an_observer_returns_is_passed_on():
    assert Observer("scores", "…").call(int, "7") == 7


def test_a_failure_is_one_line_and_the_last_one(capsys):
    observer = Observer("scores", "the audio is kept")
    calls = []
    for _ in range(3):
        assert observer.call(lambda: calls.append(1) or fail(ValueError("bad\nworse"))) is None
    assert capsys.readouterr().err == "warning: no scores (ValueError: bad); the audio is kept\n"
    assert calls == [1]


def test_our_own_errors_say_it_themselves(capsys):
    error = MissingDependencyError("--wandb needs the wandb package")
    Observer("W&B", "the run goes on").call(fail, error)
    assert capsys.readouterr().err == (
        "warning: no W&B (--wandb needs the wandb package); the run goes on\n"
    )


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_who_ends_the_run_on_purpose_is_heard(kind):
    with pytest.raises(kind):
        Observer("W&B", "…").call(fail, kind())


class Failing:
    """A logger that raises at one of its methods, and then at `finish` too."""

    def __init__(self, at, error):
        self.at, self.error, self.told = at, error, []
        self._step("make")

    def _step(self, name):
        self.told.append(name)
        if name == self.at:
            raise self.error

    def start(self, run):
        self._step("start")

    def line(self, line):
        self._step("line")

    def artifact(self, path):
        self._step("artifact")

    def finish(self):
        self._step("finish")
        if self.at in self.told:
            raise self.error


def run(folder, loggers, error=None):
    with RunLoggers([JsonlLogger(folder / "run.jsonl"), *loggers]) as every:
        every.start(run_line())
        every.line(request(0))
        if error is not None:
            raise error
        every.line(request(1))
        every.artifact(folder / "figure.png")


@pytest.mark.parametrize("at", ["make", "start", "line", "artifact", "finish"])
@pytest.mark.parametrize(
    "error", [BrokenPipeError(32, "Broken pipe"), ConnectionError("no network"), KeyError("x")]
)
def test_a_logger_that_fails_anywhere_takes_nothing_with_it(tmp_path, capsys, at, error):
    other = Failing("nowhere", None)
    first = ObservingLogger(Observer("W&B", "the run goes on"), lambda: Failing(at, error))
    run(tmp_path, [first, other])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: no W&B ({type(error).__name__}")
    assert [line.index for line in read(tmp_path / "run.jsonl").requests] == [0, 1]
    assert other.told == ["make", "start", "line", "line", "artifact", "finish"]


def test_one_that_has_failed_is_told_no_more_but_may_keep_what_it_has(tmp_path):
    made = []
    logger = ObservingLogger(
        Observer("W&B", "…"), lambda: made.append(Failing("line", OSError())) or made[0]
    )
    run(tmp_path, [logger])
    assert made[0].told == ["make", "start", "line", "finish"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OutputError("disk full")])
def test_one_that_fails_at_the_end_does_not_hide_why_it_ended(tmp_path, stop, capsys):
    logger = ObservingLogger(Observer("W&B", "…"), lambda: Failing("finish", OSError("gone")))
    with pytest.raises(type(stop)):
        run(tmp_path, [logger], stop)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_is_said_of_the_run_log_itself():
    """The one logger that may end a run, in its own words."""
    from pathlib import Path

    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("Linux only")

    def write():
        with RunLoggers([JsonlLogger(full)]) as loggers:
            loggers.start(run_line())

    with pytest.raises(OutputError, match="'/dev/full' cannot be written"):
        write()

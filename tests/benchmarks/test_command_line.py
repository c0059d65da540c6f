import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.command_line import main
from benchmarks.runs.runlog import read
from plot_metrics import report
from tensorrt_tts.errors import BackendError, MissingDependencyError, OutputError, SettingError
from tensorrt_tts.exit_status import INTERRUPTED
from tests.benchmarks.fake_server import Script, running
from tests.benchmarks.recording_wandb import RecordingWandb
from tests.support.tiny_snac import write_snac


async def command(*arguments, stderr=subprocess.PIPE):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), (err or b"").decode()


async def test_a_suite_against_a_running_server(tmp_path):
    async with running(Script(frames=3, pace=0.1)) as (url, _):
        code, out, err = await command(
            "lengths", "--url", url, "--out", str(tmp_path), "--save-audio", "--plot"
        )
    assert code == 0, err
    last = json.loads(out.splitlines()[-1])
    assert (last["requests"], last["faults"]) == (4, {})
    assert json.loads((tmp_path / "lengths.json").read_text(encoding="utf-8")) == last
    assert read(tmp_path / last["log"]).summary.requests == 4
    assert "4/4" in err
    assert (tmp_path / "lengths_report.html").is_file()
    assert (tmp_path / "audio" / "lengths_en-06.wav").is_file()


@asynccontextmanager
async def one_failed_of_two():
    """The first answer fails before any audio."""
    failing = Script(refuse={"code": "backend_error", "message": "the model died"})
    async with running(failing, Script(frames=3, pace=0.1)) as (url, _):
        yield url


async def two(url, folder, *more):
    """Two answers, asked for in this process. The exit code."""
    arguments = ["iterations", "--count", "2", "--url", url, "--out", str(folder), *more]
    return await asyncio.to_thread(main, arguments)


def whole(folder, captured):
    """What a run leaves, whatever became of those who watched it; the warnings."""
    log = read(folder / "iterations.jsonl")
    last = json.loads(captured.out.splitlines()[-1])
    assert json.loads((folder / "iterations.json").read_text(encoding="utf-8")) == last
    assert len(log.requests) == log.summary.requests == last["requests"] == 2
    assert "Traceback" not in captured.err
    return [line for line in captured.err.splitlines() if line.startswith("warning")]


NO_KEY = "No API key configured. Use `wandb login` to log in."


@pytest.mark.parametrize(
    ("double", "says"),
    [
        (None, "pip install 'tensorrt-tts[bench]'"),
        (RecordingWandb(init=RuntimeError(NO_KEY + "\nmore\nand more")), NO_KEY),
        (RecordingWandb(init=ConnectionError("login refused")), "login refused"),
        (RecordingWandb(init=OSError(28, "No space left on device")), "No space left"),
        (RecordingWandb(log=BrokenPipeError(32, "Broken pipe")), "Broken pipe"),
        (RecordingWandb(finish=TimeoutError("Timed out finishing run.")), "Timed out"),
        (RecordingWandb(finish=ConnectionError(), teardown=SystemExit(3)), "ConnectionError"),
    ],
)
async def test_wandb_never_ends_a_run(tmp_path, monkeypatch, capsys, double, says):
    monkeypatch.setitem(sys.modules, "wandb", double)
    async with one_failed_of_two() as url:
        assert await two(url, tmp_path, "--wandb", "offline") == 0
    (warning,) = whole(tmp_path, capsys.readouterr())
    assert warning.startswith("warning: no Weights & Biases (")
    assert says in warning
    assert str(tmp_path / "iterations.jsonl") in warning


async def test_the_real_wandb_without_a_key_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_SERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # no key in a file there either
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    flags = ["--url", "URL", "--out", str(tmp_path), "--count", "2", "--wandb", "online"]
    async with one_failed_of_two() as url:
        flags[1] = url
        code, out, err = await command("iterations", *flags)
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["failed"] == 1
    (warning,) = [line for line in err.splitlines() if not line.lstrip()[:1].isdigit()]
    assert warning.startswith("warning: no Weights & Biases (")


async def test_the_real_wandb_offline_takes_a_failed_answer(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    flags = ["--out", str(tmp_path), "--count", "2", "--wandb", "offline", "--plot"]
    async with one_failed_of_two() as url:
        code, out, err = await command("iterations", "--url", url, *flags)
    assert code == 0, err
    assert "warning" not in err
    assert json.loads(out.splitlines()[-1])["failed"] == 1
    assert list(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))


@pytest.mark.parametrize("frames", [0, 3])
async def test_figures_of_a_run_with_failed_answers(tmp_path, capsys, frames):
    failing = Script(frames=frames, error=True)
    async with running(failing, Script(frames=3) if frames else failing) as (url, _):
        assert await two(url, tmp_path, "--plot") == 0
    assert whole(tmp_path, capsys.readouterr()) == []
    assert (tmp_path / "iterations_report.html").is_file()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a font\nwas not found"),
        OutputError("report 'x' cannot be written"),
        MissingDependencyError("figures need matplotlib"),
    ],
)
async def test_figures_that_fail_take_nothing_with_them(tmp_path, monkeypatch, capsys, error):
    def draw(log, folder):
        raise error

    monkeypatch.setattr(report, "draw_all", draw)
    double = RecordingWandb()
    monkeypatch.setitem(sys.modules, "wandb", double)
    async with one_failed_of_two() as url:
        assert await two(url, tmp_path, "--plot", "--wandb", "offline") == 0
    (warning,) = whole(tmp_path, capsys.readouterr())
    assert "python -m plot_metrics" in warning
    assert double.run.finished == 1


async def test_whisper_that_does_not_load_takes_nothing_with_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    async with one_failed_of_two() as url:
        assert await two(url, tmp_path, "--score") == 0
    (warning,) = whole(tmp_path, capsys.readouterr())
    assert "--score needs 'faster_whisper'" in warning
    assert len(list((tmp_path / "audio").iterdir())) == 1


async def test_the_result_is_there_before_figures_and_uploads_begin(tmp_path, monkeypatch, capsys):
    seen = []

    def draw(log, folder):
        seen.append(json.loads((tmp_path / "iterations.json").read_text(encoding="utf-8")))
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "draw_all", draw)
    async with one_failed_of_two() as url:
        assert await two(url, tmp_path, "--plot") == INTERRUPTED
    whole(tmp_path, capsys.readouterr())
    assert seen[0]["requests"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
async def test_progress_that_nobody_can_read_takes_nothing_with_it(tmp_path):
    flags = ["--count", "2", "--out", str(tmp_path)]
    async with one_failed_of_two() as url:
        with Path("/dev/full").open("wb") as full:  # noqa: ASYNC230
            code, out, _ = await command("iterations", "--url", url, *flags, stderr=full)
    assert code == 0
    assert json.loads(out.splitlines()[-1])["requests"] == 2


async def test_callers_who_were_refused_are_counted_in_the_result(tmp_path, capsys):
    error = {"code": "overloaded", "message": "full", "retry_after": 0.01}
    async with running(Script(refuse=error), Script(frames=1)) as (url, _):
        assert await two(url, tmp_path) == 0
    out = capsys.readouterr().out
    assert "refused: 1 of 2 requests" in out
    assert json.loads(out.splitlines()[-1])["refused"] == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:9/ws/tts", "scheme isn't ws or wss"),
        ("127.0.0.1:9/ws/tts", "scheme isn't ws or wss"),
        ("ws://127.0.0.1:99999/ws/tts", "Port out of range"),
        ("ws:///ws/tts", "hostname isn't provided"),
        ("", "scheme isn't ws or wss"),
    ],
)
def test_an_address_that_cannot_be_one_leaves_the_last_run_alone(tmp_path, capsys, url, says):
    log = tmp_path / "lengths.jsonl"
    log.write_text("of the last run")
    code = main(["lengths", "--url", url, "--out", str(tmp_path), "--wandb", "offline"])
    message = capsys.readouterr().err
    assert code == SettingError.exit_code
    assert message.startswith(f"error: url {url!r} is not the address of a WebSocket ({says}")
    assert len(message.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [log.name]
    assert log.read_text() == "of the last run"


async def test_it_runs_inside_a_running_loop(tmp_path):
    async with running(Script(frames=3)) as (url, _):
        flags = ["--count", "1", "--url", url, "--out", str(tmp_path)]
        assert await asyncio.to_thread(asyncio.run, called("iterations", *flags)) == 0


async def called(*arguments):
    return main(arguments)


def test_no_server_is_one_line_and_its_own_exit_code(tmp_path, capsys):
    code = main(["iterations", "--url", "ws://127.0.0.1:9/ws/tts", "--out", str(tmp_path)])
    assert code == BackendError.exit_code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "make serve" in lines[0]


@pytest.mark.parametrize("arguments", [[], ["closed"], ["sweep", "--language", "xx"]])
def test_wrong_usage_exits_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["iterations", "--count", "0"], "--count 0"),
        (["closed", "--streams", "0"], "--streams 0"),
        (["closed", "--streams", "2", "--each", "0"], "--each 0"),
        (["open", "--rate", "-1"], "--rate -1"),
        (["sweep", "--score", "--language", "hi"], "'hi'"),
        (["decode-cost", "--lengths", "5,0"], "--lengths 0"),
        (["device", "--limit", "0"], "--limit 0"),
        (["device", "--device", "cuda:1"], "CUDA_VISIBLE_DEVICES"),
        (["device", "--stages", "codec,sound"], "first-audio"),
        (["device", "--stages", "backbone"], "needs the ceilings"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, names, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == SettingError.exit_code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert names in line
    assert not (tmp_path / "out").exists()


def test_results_are_kept_beside_what_is_printed(tmp_path, capsys):
    codec = write_snac(tmp_path / "snac")
    flags = ["--lengths", "0.5", "--codec", str(codec), "--out", str(tmp_path / "out")]
    assert main(["decode-cost", *flags]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert (tmp_path / "out" / "decode.json").read_text(encoding="utf-8") == last + "\n"
    found = json.loads(last)
    assert len(found.pop("decode_cost")) == 5
    assert set(found) == {"hardware", "versions"}

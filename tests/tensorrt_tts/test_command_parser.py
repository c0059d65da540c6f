import re
from collections.abc import Callable, Sequence

import pytest

import engines.cli
import plot_metrics.__main__ as plots
import tensorrt_tts.client.__main__ as client
import vllm_inference.batch as batch
from tensorrt_tts import __version__, cli

Main = Callable[[Sequence[str]], int]


@pytest.mark.parametrize(
    ("main", "arguments", "says"),
    [
        (cli.main, [], "error: the following arguments are required: COMMAND"),
        (cli.main, ["spek", "Hi."], "error: argument COMMAND: invalid choice: 'spek'"),
        (cli.main, ["speak"], "error: the following arguments are required: text"),
        (cli.main, ["speak", "Hi.", "--seed", "abc"], "error: argument --seed: invalid int value"),
        (cli.main, ["speak", "Hi.", "--sample-rate", "44.1"], "error: argument --sample-rate"),
        (cli.main, ["speak", "Hi.", "--raw", "--play"], "error: argument --play: not allowed with"),
        (cli.main, ["voices", "--model", "x"], "error: unrecognized arguments: --model x"),
        (cli.main, ["normalize", "5", "--numbers", "roman"], "error: argument --numbers"),
        (engines.cli.main, ["plan", "orpheus-3b"], "error: the following .* required: --gpu"),
        (engines.cli.main, ["plan", "x", "--gpu", "l4", "--kv", "4"], "error: argument --kv"),
        (client.main, ["--nonsense"], "error: "),
        (batch.main, ["--nonsense"], "error: "),
        (plots.main, [], "error: the following arguments are required: log"),
    ],
)
def test_a_wrong_argument_is_one_line(
    main: Main, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert (ended.value.code, out) == (2, "")
    assert re.match(says, line)
    assert re.search(r"; `[\w. -]+ --help` lists what may be given$", line)


def test_help_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["speak", "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: tensorrt-tts speak")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"tensorrt-tts {__version__}\n")

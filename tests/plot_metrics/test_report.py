"""Figures and the report are drawn from the run log alone."""

import html.parser
import itertools
import re

import numpy as np
import pytest

from benchmarks.recorder import write_wav
from benchmarks.runlog import read
from plot_metrics.__main__ import main
from plot_metrics.report import FIGURES, draw_all, draw_figures
from plot_metrics.waterfall import median, phases
from tensorrt_tts.errors import InputError
from tests.benchmarks.exchanges import FRAME_S, PROMPT, request
from tests.benchmarks.fake_server import Script
from tests.benchmarks.test_runlog import write


def prompt(number, text):
    return type(PROMPT)(f"en-{number:02}", text, "en")


def lines(count=6):
    """Texts of growing length; the fourth answer stalls."""
    found = []
    for n in range(count):
        arrivals = [0.1 + k * FRAME_S * 0.9 + (0.4 if n == 3 and k > 5 else 0) for k in range(12)]
        found.append(
            request(n, arrivals=arrivals, prompt=prompt(n, "Hello <b>you</b>. " * (n + 1)))
        )
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    found = lines()
    write_wav(folder / "audio" / "a.wav", np.full(24000, 3000, np.int16))
    found[0] = found[0].model_copy(update={"audio": "audio/a.wav"})
    return draw_all(write(folder / "sweep.jsonl", found), folder)


def test_every_figure_is_drawn_under_its_name(drawn):
    assert [path.stem for path in drawn[:-1]] == list(FIGURES)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn[:-1])


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.sources, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_needs_nothing_but_itself(drawn):
    page = Page()
    page.feed(drawn[-1].read_text())
    assert len(page.sources) == len(FIGURES) + 1
    assert all(source.startswith("data:") for source in page.sources)
    assert page.tags.count("audio") == 1


def test_texts_are_text_and_not_markup(drawn):
    page = Page()
    page.feed(drawn[-1].read_text())
    assert "b" not in page.tags
    assert any("Hello <b>you</b>." in data for data in page.text)


def test_the_report_holds_the_numbers_of_the_log(drawn):
    log = read(drawn[-1].parent / "sweep.jsonl")
    text = re.sub(r"\s+", " ", drawn[-1].read_text())
    ttfa = log.summary.distributions["ttfa_ms"]
    assert f'First audio (ms)</th><td class="n">{ttfa.p50:.0f}</td>' in text
    assert "Every answer arrived whole." in text
    assert log.run.hardware.cpu in text


def test_one_text_again_and_again_has_no_sweep(tmp_path):
    log = write(tmp_path / "iterations.jsonl", [request(n) for n in range(4)])
    names = [path.stem for path in draw_figures(read(log), tmp_path)]
    assert "sweep_analysis" not in names
    assert len(names) == len(FIGURES) - 1


def test_answers_of_one_chunk_have_no_gaps_to_draw(tmp_path):
    log = write(tmp_path / "short.jsonl", [request(n, script=Script(frames=1)) for n in range(3)])
    names = {path.stem for path in draw_figures(read(log), tmp_path)}
    assert names == {"chunk_timeline_analysis", "per_prompt_breakdown", "latency_waterfall"}


def test_a_run_that_was_cut_short_is_reported_as_such(tmp_path):
    log = write(tmp_path / "cut.jsonl", lines(2), finish=False)
    assert "Cut short." in draw_all(log, tmp_path)[-1].read_text()


def test_a_log_without_audio_is_refused(tmp_path):
    silent = request().model_copy(update={"chunks": ()})
    with pytest.raises(InputError, match="nothing to draw"):
        draw_all(write(tmp_path / "silent.jsonl", [silent]), tmp_path)


def test_the_command_names_what_it_wrote_and_fails_in_one_line(tmp_path, capsys):
    log = write(tmp_path / "run.jsonl", lines(2))
    assert main([str(log), "--out", str(tmp_path / "new")]) == 0
    written = capsys.readouterr().out.splitlines()
    assert written[-1].endswith("run_report.html")
    assert main([str(tmp_path / "none.jsonl")]) == InputError.exit_code
    assert capsys.readouterr().err.count("\n") == 1


def test_the_waterfall_is_of_the_text_of_median_length():
    found = lines(5)
    assert median(found[::-1]) is found[2]


def test_the_phases_of_a_request_meet_each_other():
    line = request()
    line = line.model_copy(
        update={"server": {"metrics": {"queue_ms": 10.0, "ttft_ms": 30.0, "ttfa_ms": 80.0}}}
    )
    rows = phases(line)
    assert [row[0] for row in rows] == [
        "waiting for a slot",
        "prompt to first token",
        "tokens to first audio",
        "on its way to the client",
        "rest of the speech",
    ]
    assert all(a[2] == b[1] for a, b in itertools.pairwise(rows))
    assert rows[-1][2] == line.measures.total_ms


def test_without_the_servers_timings_first_audio_is_one_phase():
    rows = phases(request().model_copy(update={"server": None}))
    assert [row[0] for row in rows] == ["until first audio", "rest of the speech"]

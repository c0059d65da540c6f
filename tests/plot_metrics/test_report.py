"""Figures and the report are drawn from the run log alone."""

import html.parser
import itertools
import re

import numpy as np
import pytest

from benchmarks.runs.recorder import write_wav
from benchmarks.runs.runlog import read
from plot_metrics.__main__ import main
from plot_metrics.report import FIGURES, answers, chosen, draw_all, write_report
from plot_metrics.waterfall import median, phases
from tensorrt_tts.errors import InputError
from tests.benchmarks.exchanges import request
from tests.benchmarks.fake_server import Script
from tests.benchmarks.runs.test_runlog import write
from tests.plot_metrics.answered import mixed, overloaded, refused, spoken, torn


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    found = mixed()
    write_wav(folder / "audio" / "a.wav", np.full(24000, 3000, np.int16), 24000)
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
    page.feed(drawn[-1].read_text(encoding="utf-8"))
    assert len(page.sources) == len(FIGURES) + 1
    assert all(source.startswith("data:") for source in page.sources)
    assert page.tags.count("audio") == 1


def test_audio_that_cannot_be_read_leaves_the_rest_of_the_report(tmp_path, capsys):
    found = mixed(3)
    for name in ("0.wav", "2.wav"):
        write_wav(tmp_path / name, np.full(24000, 3000, np.int16), 24000)
    (tmp_path / "1.wav").write_bytes(b"RIFF, or so it says")
    found = [line.model_copy(update={"audio": f"{n}.wav"}) for n, line in enumerate(found)]
    log = read(write(tmp_path / "run.jsonl", found))
    assert [answer.audio is not None for answer in answers(log)] == [True, False, True]
    assert "1.wav" in capsys.readouterr().err


def test_texts_are_text_and_not_markup(drawn):
    page = Page()
    page.feed(drawn[-1].read_text(encoding="utf-8"))
    assert "b" not in page.tags
    assert any("Hello <b>you</b>." in data for data in page.text)


def test_the_report_holds_the_numbers_of_the_log(drawn):
    log = read(drawn[-1].parent / "sweep.jsonl")
    text = re.sub(r"\s+", " ", drawn[-1].read_text(encoding="utf-8"))
    ttfa = log.summary.distributions["ttfa_ms"]
    assert f'First audio (ms)</th><td class="n">{ttfa.p50:.0f}</td>' in text
    assert "Every answer arrived whole." in text
    assert log.run.hardware.cpu in text


def test_one_text_again_and_again_has_no_sweep(tmp_path):
    log = write(tmp_path / "iterations.jsonl", [request(n) for n in range(4)])
    assert chosen(read(log)) == [name for name in FIGURES if name != "sweep_analysis"]


def test_answers_of_one_chunk_have_no_gaps_to_draw(tmp_path):
    log = write(tmp_path / "short.jsonl", [request(n, script=Script(frames=1)) for n in range(3)])
    names = {path.stem for path in draw_all(log, tmp_path)[:-1]}
    assert names == {"chunk_timeline_analysis", "per_prompt_breakdown", "latency_waterfall"}


def test_a_run_that_was_cut_short_is_reported_as_such(tmp_path):
    log = write(tmp_path / "cut.jsonl", mixed(2), finish=False)
    assert "Cut short." in write_report(read(log), [], tmp_path / "cut.html").read_text(
        encoding="utf-8"
    )


def test_a_run_in_which_everything_failed_has_a_report_and_no_figure(tmp_path):
    log = write(tmp_path / "failed.jsonl", [torn(0), refused(1)])
    (report,) = draw_all(log, tmp_path / "new")
    text = report.read_text(encoding="utf-8")
    assert "2 of 2 requests failed" in text
    assert "There is nothing to draw: no answer came whole." in text
    assert "busy: the queue is full" in text


def test_the_command_names_what_it_wrote_and_fails_in_one_line(tmp_path, capsys):
    log = write(tmp_path / "run.jsonl", mixed(2))
    assert main([str(log), "--out", str(tmp_path / "new")]) == 0
    written = capsys.readouterr().out.splitlines()
    assert written[-1].endswith("run_report.html")
    assert main([str(tmp_path / "none.jsonl")]) == InputError.exit_code
    assert capsys.readouterr().err.count("\n") == 1


def page(tmp_path, lines, change=lambda text: text):
    log = write(tmp_path / "run.jsonl", lines)
    log.write_text(change(log.read_text(encoding="utf-8")))
    return re.sub(
        r"\s+", " ", write_report(read(log), [], tmp_path / "r.html").read_text(encoding="utf-8")
    )


def test_the_report_says_what_failed_and_what_falls_short(tmp_path):
    text = page(tmp_path, overloaded())
    assert '<div class="verdict bad">' in text
    assert "10 of 22 requests failed" in text
    assert "<li>p99 first audio within 500 ms:" in text
    assert "Every answer arrived whole" not in text
    assert "The run is valid" in text


def test_a_report_is_green_when_nothing_falls_short(tmp_path):
    text = page(tmp_path, [spoken(n) for n in range(4)])
    assert '<div class="verdict">' in text
    assert "✓ Good." in text
    assert "Nothing falls short." in text


def test_a_late_client_is_named_in_red(tmp_path):
    text = page(
        tmp_path,
        [spoken(n) for n in range(4)],
        lambda log: log.replace(
            '"valid":true,"objection":null', '"valid":false,"objection":"busy"'
        ),
    )
    assert '<div class="verdict bad">' in text
    assert "The run is not valid, its times are not to be trusted: busy." in text


def test_a_log_of_older_days_is_still_read(tmp_path):
    text = page(
        tmp_path,
        [spoken(n, first=2.0) for n in range(4)],
        lambda log: re.sub(r'"verdict":"[a-z ]+"', '"verdict":"acceptable"', log),
    )
    assert "✗ Needs work." in text
    assert "The log calls itself “acceptable”" in text


def test_answers_are_numbered_as_in_the_figures(tmp_path):
    cold = spoken(0).model_copy(update={"phase": "cold"})
    late, early = (spoken(n).model_copy(update={"scheduled": 10.0 - n}) for n in (1, 2))
    found = answers(read(write(tmp_path / "run.jsonl", [cold, late, early])))
    assert [(answer.number, answer.line.index) for answer in found] == [(None, 0), (1, 2), (2, 1)]


def test_the_waterfall_is_of_the_text_of_median_length():
    found = mixed(5)
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

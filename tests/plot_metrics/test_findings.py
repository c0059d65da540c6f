"""What figures claim, and where they draw what it rests on."""

import numpy as np
import pytest

from plot_metrics.answers import Answers
from plot_metrics.gap_detail import timed_gaps
from plot_metrics.report import FIGURES
from tests.plot_metrics.answered import mixed, overloaded, spoken, torn
from tests.plot_metrics.sheets import crosses, dots, headline, panel, sheet, titles


@pytest.fixture
def draw(tmp_path, monkeypatch):
    return lambda name, lines: sheet(name, lines, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", FIGURES)
def test_every_title_begins_with_what_failed(name, draw):
    assert headline(draw(name, overloaded())).startswith("10 of 22 failed")


@pytest.mark.parametrize("name", FIGURES)
def test_a_part_of_an_answer_changes_no_claim_about_the_others(name, draw):
    whole = [spoken(n) for n in range(4)]
    claims = headline(draw(name, [*whole, torn(4)])).split("; ")
    alone = headline(draw(name, whole)).split("; ")
    assert claims[0].startswith("1 of 5 failed")
    said = [claim.replace("the other 4", "4 answers") for claim in claims[1:]]
    assert [claim.lower() for claim in said] == [
        claim.lower().replace("all 4", "all of 4") for claim in alone
    ]


def test_failed_answers_are_marked_where_they_were_asked_for(draw):
    drawing = draw("chunk_timeline_analysis", overloaded())
    for label in ("time to first", "time over audio", "largest gap", "silence"):
        assert [x for x, _ in crosses(panel(drawing, label))] == list(range(13, 23))


def test_failed_answers_have_a_marked_row(draw):
    drawing = draw("per_prompt_breakdown", overloaded())
    assert all([y for _, y in crosses(axes)] == list(range(12, 22)) for axes in drawing.axes)
    labels = [label.get_text() for label in drawing.axes[0].get_yticklabels()]
    assert [label.endswith("✗") for label in labels] == [False] * 12 + [True] * 10


def test_failed_texts_are_marked_at_their_length(draw):
    lines = overloaded()
    drawing = draw("sweep_analysis", lines)
    for axes in drawing.axes:
        assert [x for x, _ in crosses(axes)] == [line.characters for line in lines[12:]]


def test_the_wait_does_not_count_against_real_time(draw):
    """Under load the wait makes `rtf` larger than 1, while every answer plays without a pause."""
    lines = overloaded(22, failed=0)
    assert max(line.measures.rtf for line in lines) > 2
    drawing = draw("sweep_analysis", lines)
    assert "All 22 answers came faster than real time" in headline(drawing)
    for name in ("sweep_analysis", "chunk_timeline_analysis"):
        values = [y for _, y in dots(panel(draw(name, lines), "time over audio"))]
        assert values == pytest.approx([line.measures.stream_rtf for line in lines])
    bars = draw("per_prompt_breakdown", lines).axes[1].patches
    widths = [bar.get_width() for bar in bars]
    assert widths == pytest.approx([line.measures.stream_rtf for line in lines])


def test_answers_that_play_slower_than_they_come_are_counted(draw):
    lines = [spoken(n, pace=1.3 if n < 3 else 0.8) for n in range(8)]
    assert headline(draw("sweep_analysis", lines)).startswith("3 of 8 answers came slower")


def test_the_effect_of_text_length_is_read_from_requests_in_turn_alone(draw):
    lines = overloaded(8, failed=0)
    apart = [line.model_copy(update={"scheduled": 9.0 * n}) for n, line in enumerate(lines)]
    assert not any("per 100" in title for title in titles(draw("sweep_analysis", lines)))
    assert any("per 100" in title for title in titles(draw("sweep_analysis", apart)))


@pytest.mark.parametrize(
    "name", ["chunk_timeline_analysis", "gap_analysis_detailed", "per_prompt_breakdown"]
)
def test_a_few_milliseconds_of_silence_interrupt_nobody(name, draw):
    lines = [spoken(n, pace=1.0, stall=0.006) for n in range(8)]
    assert all(line.measures.stalls for line in lines)
    assert "None of 8 answers fell silent for more than 50 ms" in headline(draw(name, lines))


def test_answers_of_one_chunk_are_no_evidence_of_continuity(draw):
    drawing = draw("chunk_timeline_analysis", [spoken(n, frames=1) for n in range(3)])
    assert headline(drawing).startswith("Every answer came in one chunk")
    assert dots(panel(drawing, "silence")) == []
    some = draw("chunk_timeline_analysis", [spoken(0), spoken(1), spoken(2, frames=1)])
    assert "None of the 2 in several chunks fell silent" in headline(some)


def test_silence_is_drawn_in_milliseconds_against_its_limits(draw):
    lines = [spoken(n, pace=1.0, stall=0.02 * n) for n in range(4)]
    for name in ("chunk_timeline_analysis", "gap_analysis_detailed", "sweep_analysis"):
        drawing = draw(name, lines)
        axes = panel(drawing, "silence")
        assert [y for _, y in dots(axes)] == pytest.approx([0, 20, 40, 60], abs=0.01)
        limits = {line.get_label(): line.get_ydata()[0] for line in axes.lines}
        assert {name: limits[name] for name in ("C50", "C100", "C200")} == {
            "C50": 50,
            "C100": 100,
            "C200": 200,
        }
    assert "1 of 4 answers fell silent" in headline(draw("gap_analysis_detailed", lines))


def test_limits_stay_apart_beside_a_long_silence(draw):
    axes = panel(draw("gap_analysis_detailed", [spoken(0), spoken(1, stall=30.0)]), "silence")
    heights = [axes.transData.transform((0, limit))[1] for limit in (0, 50, 100, 200)]
    assert min(np.diff(heights)) > 14


def test_every_quantity_has_a_panel_of_its_own(draw):
    drawing = draw("chunk_timeline_analysis", mixed())
    places = [tuple(axes.get_position().bounds) for axes in drawing.axes]
    assert len(set(places)) == len(places)
    first, speed = panel(drawing, "time to first"), panel(drawing, "time over audio")
    assert first.get_position().y0 > speed.get_position().y1
    for axes, said in ((first, "limit 500 ms"), (speed, "real time")):
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert len(names) == 1
        assert names[0].startswith(said)


def interleaved():
    """Two streams side by side, logged as they ended: the second one first."""
    return [
        spoken(1, text=9, pace=0.5).model_copy(update={"scheduled": 0.3}),
        spoken(0, text=9, pace=0.9).model_copy(update={"scheduled": 0.0}),
    ]


def test_gaps_of_streams_side_by_side_take_turns(tmp_path):
    times, gaps = timed_gaps(Answers(tuple(interleaved())))
    assert list(times) == sorted(times)
    assert np.count_nonzero(np.abs(np.diff(gaps)) > 10) > 2


def test_answers_stand_in_the_order_of_asking(draw):
    drawing = draw("chunk_timeline_analysis", interleaved())
    values = [y for _, y in dots(panel(drawing, "time over audio"))]
    assert values == sorted(values, reverse=True)


def test_halves_are_compared_for_a_repeated_text_alone(draw):
    same = titles(draw("gap_analysis_detailed", [spoken(n, text=0) for n in range(4)]))
    other = titles(draw("gap_analysis_detailed", mixed(4)))
    assert any("second half" in title for title in same)
    assert not any("second half" in title for title in other)


def test_a_figure_stays_readable_however_many_answers(draw):
    few = draw("per_prompt_breakdown", mixed(22))
    lines = [spoken(n, text=n % 22) for n in range(200)]
    many = draw("per_prompt_breakdown", lines)
    assert many.get_figheight() == few.get_figheight()
    assert "bars: median, lines: worst" in headline(many)
    assert "bars" not in headline(few)


def test_a_figure_says_what_it_leaves_out(draw):
    lines = [spoken(n) for n in range(70)]
    for name in ("per_prompt_breakdown", "gap_analysis"):
        drawing = draw(name, lines)
        assert "only the worst 60 of 70 prompts are shown" in headline(drawing)
        assert drawing.get_figheight() < 20

import io
import sys

import pytest

from tensorrt_tts import cli


def test_it_prints_the_text_in_words(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["normalize", "Pay ₹500 by 5 p.m."]) == 0
    assert capsys.readouterr().out == "Pay five hundred rupees by five PM.\n"


def test_language_and_numbers(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["normalize", "₹500", "--language", "hi"]) == 0
    assert cli.main(["normalize", "₹500 दो", "--numbers", "english"]) == 0
    assert capsys.readouterr().out == "पाँच सौ रुपए\nfive hundred rupees दो\n"


def test_the_trace_has_a_line_a_stage(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["normalize", "Dr. Rao: 5%", "--trace"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "abbreviations  Doctor Rao: 5%",
        "     measures  Doctor Rao: five percent",
        "Doctor Rao: five percent",
    ]


def test_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("5 km"))
    assert cli.main(["normalize", "-"]) == 0
    assert capsys.readouterr().out == "five kilometers\n"


def test_another_kind_of_numbers_is_refused(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["normalize", "5", "--numbers", "roman"])
    assert "choose from" in capsys.readouterr().err

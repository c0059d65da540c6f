import io

import pytest

from engines.progress import Progress


def test_phases_and_elapsed_time_are_shown():
    stream, now = io.StringIO(), iter([0.0, 2.0, 2.0, 5.5])
    progress = Progress(stream, clock=lambda: next(now))
    with progress.phases(2, "orpheus"):
        with progress.phase("convert"):
            pass
        progress.note("half way")
        with progress.phase("compile"):
            pass
    shown = stream.getvalue()
    for words in ("convert: 2.0 s", "half way", "compile: 3.5 s", "2/2"):
        assert words in shown
    assert progress.seconds == {"convert": 2.0, "compile": 3.5}


def test_silent_without_a_stream(capsys):
    progress = Progress()
    with progress.phases(1, "orpheus"), progress.phase("convert"):
        progress.note("unheard")
    assert capsys.readouterr() == ("", "")
    assert list(progress.seconds) == ["convert"]


def test_a_bar_that_nobody_can_read_ends_no_build():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    progress = Progress(Gone())
    with progress.phases(1, "orpheus"), progress.phase("convert"):
        progress.note("unheard")
    assert list(progress.seconds) == ["convert"]


def test_a_failed_phase_is_not_counted():
    progress = Progress(io.StringIO())
    with pytest.raises(ValueError, match="no"), progress.phases(1, "x"), progress.phase("convert"):
        raise ValueError("no")
    assert progress.seconds == {}

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.device import codec_exactness
from benchmarks.device.codec_exactness import Exactness, exactness, table
from tests.support.tiny_snac import write_snac


def test_what_is_exact_and_in_which_ways(tmp_path):
    rows = list(exactness(str(write_snac(tmp_path)), "cpu", frames=8, batch=3))
    assert len(rows) == len({row.what for row in rows}) == 5
    assert all(row.exact for row in rows)
    assert {row.samples for row in rows} == {8 * 2048, 3 * 2048}
    assert len(table(rows).splitlines()) == 6


def test_a_codec_that_streams_something_else_is_found_out(tmp_path, monkeypatch):
    plain = codec_exactness.streamed

    def louder(*arguments):
        pcm = plain(*arguments)
        pcm[100] += 2
        return pcm

    monkeypatch.setattr(codec_exactness, "streamed", louder)
    rows = list(exactness(str(write_snac(tmp_path)), "cpu", frames=4, batch=2))
    assert [row.exact for row in rows] == [True, False, False, False, True]
    assert {(row.lsb, row.over_1) for row in rows if not row.exact} <= {(2, 1), (3, 1)}


def test_a_stream_that_lost_samples_is_not_exact(tmp_path, monkeypatch):
    monkeypatch.setattr(codec_exactness, "streamed", lambda *_: np.zeros(3, np.int16))
    rows = list(exactness(str(write_snac(tmp_path)), "cpu", frames=4, batch=2))
    assert rows[1] == Exactness(rows[0].codec, rows[1].what, 0, 0, 0)
    assert not rows[1].exact


@pytest.mark.parametrize(
    ("change", "exact"), [({}, True), ({"lsb": 2, "over_1": 1}, False), ({"samples": 0}, False)]
)
def test_one_step_of_int16_is_exact(change, exact):
    row = replace(Exactness("demo", "offline", 1, 0, 100), **change)
    assert row.exact is exact
    assert table([row]).splitlines()[-1].endswith("yes" if exact else "no")

"""With a server they are in `test_soak.py`."""

import pytest

from benchmarks.load.callers import _answer


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", (0, b"", False)),
        (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n3\r\nabc\r\n0\r\n\r\n", (200, None, True)),
        (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n3\r\nabc\r\n", (200, None, False)),
        (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}", (503, b"{}", True)),
        (b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\n{}", (503, b"{}", False)),
    ],
)
def test_an_answer_is_whole_or_cut(received, expected):
    status, body, is_whole = _answer(received)
    assert (status, is_whole) == (expected[0], expected[2])
    assert expected[1] in (None, body)

"""Four times the text takes about four times as long, whatever it is made of."""

from __future__ import annotations

import time

import pytest

from tensorrt_tts.text.spoken import spoken_form

UNITS = [
    *("a", "5", "5 ", "5,", "5.", "5-", "5/", "5:", "1,23,", ",5", "₹", "₹5", "$5 ", " ", "\n"),
    *("#", "@", "a@", "a.", "http://", "www.", "[", "[a", "<", "<a ", "(", "((5", "*a", "_a", "`"),
    *("&amp;", "|a", "\\", "a/", "'", ".", "!", "।", "क्", "5क", "5క", "e\u0301", "\u200d", "👍"),
    *("²", "10^", "+5", "5=", "5+5=", "Dr. ", "U.S.", "IV ", "Chapter I ", "5 Jan ", "5pm "),
    *("5km ", "50% ", "OTP 12", "call ", "ab12", "a-1", "中.", "１", "①", "<break/>", "<!--"),
    *("5వ ", "రూ.", "+91 98765 43210 ", "1.2.3.", "5-5-", "1:1:", "5'", "&lt;", "\ue000"),
    *("<phoneme ph='ə'>", "<phoneme ph=", "[a](/ə/)", "[ə](/ə"),
    *("- ", "~", "5½", "a½", "5:30 ", "[a](b"),
    *("₹5కి ", "5-5లో ", "*12", "*123#", "#A1", "1-2/A", "a.pdf ", ".py"),
    *("क.", "భా.జ.", "5/- ", "5/min "),
    *("₹1 lakh 5 ", "OTP 5 is ", "MH 12 ", "Road, 5 ", "INDIA 250/5 ", "5 - x = "),
]  # fmt: skip


def seconds(text: str) -> float:
    """Of this process, so that others beside it do not count."""
    times = []
    for _ in range(2):
        start = time.process_time()
        spoken_form(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    short, long = (seconds((unit * size)[:size]) for size in (2_000, 8_000))
    assert long / max(short, 0.004) < 10  # quadratic would be 16; 4 ms are the clock's own noise

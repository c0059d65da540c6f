from __future__ import annotations

import re

import pytest

from tensorrt_tts.text.spoken.patterns import either, lazy, words


@pytest.mark.parametrize(
    ("signs", "text", "found"),
    [
        (["k", "kg", "km/h", "km"], "km/h", "km/h"),
        (["k", "kg", "km/h", "km"], "kmph", "km"),
        (["k", "kg"], "kilo", "k"),
        (["a.", "ab"], "abc", "ab"),
        (["m²", "m"], "m²", "m²"),
    ],
)
def test_the_longest_is_found(signs: list[str], text: str, found: str) -> None:
    match = re.match(f"(?:{either(signs)})", text)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize("whole", ["call", "call on", "calls"])
def test_words_are_whole(whole: str) -> None:
    pattern = lazy(words("call calls call_on"))
    assert pattern.search(f"please {whole}!")[0] == whole  # type: ignore[index]
    assert pattern.search(f"re{whole} it") is None
    assert pattern.search("callers") is None

"""What reading a text costs before any of it is spoken: its words, its segments."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

SIZES = (300, 5000)
"""Characters: a short paragraph, and what is read at once."""
TEXTS = {
    "prose": "The hallway smelt of old mats, and nobody said a word about it for a long time. ",
    "en": (
        "On 15/08/2025 at 5:30 p.m. I paid $5.3 million, 42% of ₹1,23,456, for 5 kg at 60 km/h. "
        "Dr. Rao has 2½ cups on the 3rd floor. Call +91 98765 43210 before Jan. 5. "
    ),
    "hi": (
        "15/08/2025 को शाम 5:30 बजे मैंने ₹1,23,456 दिए, यानी 42%। डॉ. राव ने 2½ किग्रा चीनी "
        "60 किमी/घं पर भेजी। 12वीं मंज़िल, मो. 98765 43210, OTP 4821। "
    ),
    "te": (
        "15/08/2025న సాయంత్రం 5:30 గంటలకు ₹1,23,456 చెల్లించాను, అంటే 42%. డా. రావు 2½ కి.గ్రా. పంచదార "
        "10వ అంతస్తుకు పంపారు. ఫోన్ 98765 43210, OTP 4821. "
    ),
    "mixed": (
        "Flipkart sale में ₹1,499 का T-shirt 15/08/2025 तक 42% off है। Dr. Rao का OTP 4821, call "
        "98765 43210. EMI Rs. 2,500/- per month, 5:30 pm को 2½ kg లో ₹60/kg order చేశాను. "
    ),
}
"""All but the first with a number in every dozen characters."""
ADDITIONS = 10**7
"""Of the loop that tells how fast this core is today."""


def costs(repeats: int = 50) -> dict[str, dict[str, float]]:
    """Median CPU milliseconds by text and size, in words and with segments; the cold import; and
    what 10⁷ additions take, to compare one day's machine with another's."""
    from tensorrt_tts.text.feed import ReadingRules, TextFeed
    from tensorrt_tts.text.spoken import SpokenOptions, spoken_form

    def segments(text: str) -> None:
        feed = TextFeed(ReadingRules(200, spoken=SpokenOptions()))
        feed.feed(text)
        feed.end()

    found = {}
    for name, text in TEXTS.items():
        for size in SIZES:
            whole = (text * (size // len(text) + 1))[:size].rpartition(" ")[0]
            found[f"{name} {size}"] = {
                "words": _median(spoken_form, whole, repeats),
                "words and segments": _median(segments, whole, repeats),
            }
    found["cold import"] = {"words": _cold_import()}
    found["reference loop"] = {"words": round(_loop() * 1000, 1)}
    return found


def _loop() -> float:
    """Seconds of `ADDITIONS`, the fastest of three."""
    times = []
    for _ in range(3):
        start, total = time.process_time(), 0
        for number in range(ADDITIONS):
            total += number
        times.append(time.process_time() - start)
    return min(times)


def _median(function: Callable[[str], object], text: str, repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        function(text)
        times.append(time.process_time() - start)
    return round(statistics.median(times[1:]) * 1000, 3)


def _cold_import() -> float:
    """Of a new process, beyond what Python itself takes to start."""

    def took(script: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], check=True)
        return time.perf_counter() - start

    empty = min(took("") for _ in range(5))
    script = "from tensorrt_tts.text import spoken_form; spoken_form('It is 5 p.m.')"
    return round((min(took(script) for _ in range(5)) - empty) * 1000, 1)

"""Names that look like settings of the server and are none: a typing error would else have no
effect and no word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

OF_OTHERS = frozenset(
    ("TTS_URL", "TTS_VOICE", "TTS_PUBLIC", "TTS_SCREENSHOTS", "TTS_GOLDEN"),
)
"""Of the examples, of deploy/, and of tests."""

CLIENT_KEY = "TTS_API_KEY"
"""What clients send. On a server it protects nothing, which is easily taken for one that does."""


def unknown_settings(
    given: Iterable[str], known: Iterable[str], prefix: str, keys: bool
) -> Iterator[str]:
    """A line for each. given: names in the environment and in `.env`. known: of settings. keys: the
    server has some."""
    names = [f"{prefix}{name}".upper() for name in known]
    for name in sorted({name.upper() for name in given} - {*names, *OF_OTHERS}):
        if name == CLIENT_KEY:
            if not keys:
                yield (
                    f"{name} is what a client sends, and this server asks for no key; its own are "
                    "TTS_API_KEYS or TTS_API_KEY_FILE"
                )
        elif name.startswith(prefix):
            near = get_close_matches(name, names, 1, 0.75)
            remedy = f"did you mean {near[0]}?" if near else "`--help` lists those there are"
            yield f"{name} is no setting of the server and has no effect; {remedy}"

"""Step ``hindi-sentences``: composed Hindi sentences, split, in ``corpus/sentences_hi.txt``.

Splits: train, valid and test (composed), mixed (held out, English words in Hindi) and hand (held
out, of no frame). Held-out sentences come first, so that a corpus that is spoken in part has them.
"""

from __future__ import annotations

import argparse

from demo_voice.hindi import mixed, rare
from demo_voice.hindi.compose import compose
from demo_voice.hindi.hand_written import SENTENCES
from demo_voice.sentences import CORPUS, HELD_OUT, MAX_WORDS, MIN_TEST_WORDS, MIN_WORDS, hash_of
from tensorrt_tts.text.devanagari import spell

TARGET = CORPUS / "sentences_hi.txt"
COMPOSED, RARE, MIXED = 13_000, 1_600, 1_200
HELD_OUT_MIXED = 40


def select() -> list[tuple[str, str]]:
    """(split, text) rows, the same each time."""
    plain = _fitting(compose(COMPOSED))
    rest = _fitting(compose(RARE, seed=1, frames=rare.FRAMES))
    switched = _fitting(compose(MIXED, seed=2, frames=mixed.FRAMES))
    held = [text for text in plain if len(text.split()) >= MIN_TEST_WORDS][: 2 * HELD_OUT]
    split = {text: "test" if i < HELD_OUT else "valid" for i, text in enumerate(held)}
    split |= dict.fromkeys(switched[:HELD_OUT_MIXED], "mixed")
    split |= dict.fromkeys(SENTENCES, "hand")
    texts = dict.fromkeys([*SENTENCES, *plain, *rest, *switched])
    rows = [(split.get(text, "train"), text) for text in texts]
    return sorted(rows, key=lambda row: (row[0] == "train", hash_of(row[1])))


def _fitting(texts: list[str]) -> list[str]:
    """Those of a length to train on, in the order of their hashes."""
    fitting = [t for t in texts if MIN_WORDS <= len(spell(t).split()) <= MAX_WORDS]
    return sorted(fitting, key=hash_of)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This step has no options of its own."""


def run(args: argparse.Namespace) -> None:
    """Write TARGET, unless it is there already."""
    if TARGET.exists():
        print(f"{TARGET} exists: kept")
        return
    rows = select()
    TARGET.write_text("".join(f"{split}\t{s}\n" for split, s in rows), encoding="utf-8")
    print(f"{len(rows)} sentences -> {TARGET}")

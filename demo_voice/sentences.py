"""Step ``sentences``: everyday English sentences out of WordNet's usage examples.

WordNet (Princeton, WordNet 3.0 licence, text in ``corpus/WORDNET-LICENSE``) gives many senses a
quoted example.  Those of 4 to 20 plain words whose words all have a dictionary pronunciation are
kept, shuffled into train, valid and test by a hash of their text, and written to
``corpus/sentences.txt`` as ``split<TAB>sentence``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from demo_voice.templates import compose

CORPUS = Path(__file__).parent / "corpus"
WORDNET = Path("/usr/share/wordnet")  # Debian package wordnet-base
MIN_WORDS, MAX_WORDS = 4, 20
MIN_TEST_WORDS = 5
HELD_OUT = 100  # sentences in "test", and as many in "valid"
COMMON = 5  # a held-out sentence's words occur in at least so many sentences

_QUOTED = re.compile(r'"([^"]+)"')
_PLAIN = re.compile(r"[A-Za-z][A-Za-z' ,\-]*[A-Za-z][.!?]?")
_WORD = re.compile(r"[A-Za-z']+")
_QUESTION = re.compile(
    r"(who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|will|would|"
    r"should|may|shall|have|has)\b"
)
_AFTER_QUESTION = re.compile(
    r"\w+ (is|are|was|were|do|does|did|can|could|will|would|the|i|you|"
    r"he|she|it|we|they|this|that|there|many|much|long|far|often)\b"
)
# A sentence that starts so nearly always has a subject and a verb; the others are often fragments.
_SENTENCE_START = re.compile(
    r"(i|you|he|she|it|we|they|there|let's|don't|please|this|that|my|his|"
    r"her|our|their|your|the|these|those|everyone|nobody|some|every|all)\b"
)


def usage_examples(folder: Path) -> Iterator[str]:
    """Every quoted example of WordNet's data files, in file order."""
    for part in ("noun", "verb", "adj", "adv"):
        with open(folder / f"data.{part}", encoding="latin1") as lines:
            for line in lines:
                if not line.startswith("  "):  # two spaces: the licence header
                    yield from _QUOTED.findall(line.partition("|")[2])


def load_blocklist(path: Path = CORPUS / "blocklist.txt") -> re.Pattern[str]:
    """A pattern that matches a blocked word ("=word" exactly, any other entry as a stem)."""
    entries = [
        entry
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for entry in line.split()
    ]
    exact = [re.escape(e[1:]) for e in entries if e.startswith("=")]
    stems = [
        re.escape(e) + (r"\w*" if len(e) > 3 else r"(?:s|ed|ing|er|ers)?")
        for e in entries
        if not e.startswith("=")
    ]
    return re.compile(r"\b(?:" + "|".join(exact + stems) + r")\b")


def load_known_words() -> set[str]:
    """Lower-case words with a hand-checked pronunciation in hibari's lexicon."""
    import hibari

    path = Path(hibari.__file__).parent / "assets" / "lexicon_us_gold.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {word for word in json.load(file) if word == word.lower()}


def clean(example: str, blocked: re.Pattern[str], known: set[str]) -> str | None:
    """The example as a sentence with capital and final punctuation, or None if it does not fit."""
    text = " ".join(example.split())
    if not _PLAIN.fullmatch(text) or "--" in text or " -" in text or "''" in text:
        return None
    first, *rest = _WORD.findall(text)
    words = [first.lower(), *rest]
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        return None
    # A capital inside is a name (of a person, a people, a faith...), except in "I" and its kin.
    if any(w != w.lower() and not re.fullmatch(r"I('\w+)?", w) for w in rest):
        return None
    if first[0].isupper() and not (first == "I" or _SENTENCE_START.match(first.lower())):
        return None
    lowered = text.lower()
    if blocked.search(lowered) or any(w.strip("'") not in known for w in words if w != "i"):
        return None
    text = text[0].upper() + text[1:]
    text = re.sub(r"\bi\b", "I", text)
    if text[-1] not in ".!?":
        asks = _QUESTION.match(lowered) and _AFTER_QUESTION.match(lowered)
        text += "?" if asks else "."
    return text


def is_full_sentence(text: str) -> bool:
    """Whether the start looks like a sentence's rather than a phrase's."""
    return bool(_SENTENCE_START.match(text.lower()))


def is_everyday(text: str, counts: Counter[str]) -> bool:
    """Whether a full sentence has words of the corpus's common vocabulary only (held-out ones)."""
    words = text.lower().rstrip(".!?").split()
    return len(words) >= MIN_TEST_WORDS and all(counts[w] >= COMMON for w in words)


def hash_of(text: str) -> str:
    """A stable pseudo-random key of a sentence."""
    return hashlib.sha256(text.lower().encode()).hexdigest()


def select(
    examples: Iterable[str], limit: int, blocked: re.Pattern[str], known: set[str]
) -> list[tuple[str, str]]:
    """(split, text) rows: full sentences first, composed ones only to reach ``limit``.

    Pairs of training sentences follow as texts of their own, for longer utterances.
    """
    kept: dict[str, str] = {}
    for example in examples:
        sentence = clean(example, blocked, known)
        if sentence is not None:
            kept.setdefault(sentence.lower().rstrip(".!?"), sentence)
    full = sorted((s for s in kept.values() if is_full_sentence(s)), key=hash_of)
    phrases = sorted((s for s in kept.values() if not is_full_sentence(s)), key=hash_of)
    common = Counter(word for s in kept for word in s.split())
    held = [s for s in full if is_everyday(s, common)][: 2 * HELD_OUT]
    split = {s: "test" if i < HELD_OUT else "valid" for i, s in enumerate(held)}
    chosen = [*full, *phrases, *compose(max(0, limit - len(kept)))][:limit]
    singles = [(split.get(s, "train"), s) for s in chosen]
    free = sorted((s for s in chosen if s not in split and is_full_sentence(s)), key=hash_of)
    joined = (f"{a} {b}" for a, b in zip(free[::2], free[1::2], strict=False))
    pairs = [("train", s) for s in joined if len(s.split()) <= MAX_WORDS]
    return sorted(singles + pairs, key=lambda row: hash_of(row[1]))


def read_sentences(path: Path = CORPUS / "sentences.txt") -> list[tuple[str, str]]:
    """(split, sentence) pairs of the corpus file."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [(split, sentence) for split, sentence in rows]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--wordnet", type=Path, default=WORDNET, help="folder of data.noun etc.")
    parser.add_argument("--sentences", type=int, default=16000, help="at most this many")


def run(args: argparse.Namespace) -> None:
    """Write ``corpus/sentences.txt``, unless it is there already."""
    target = CORPUS / "sentences.txt"
    if target.exists():
        print(f"{target} exists: kept")
        return
    examples = usage_examples(args.wordnet)
    rows = select(examples, args.sentences, load_blocklist(), load_known_words())
    target.write_text("".join(f"{split}\t{s}\n" for split, s in rows), encoding="utf-8")
    print(f"{len(rows)} sentences -> {target}")

"""Hindi sentences from frames whose words agree by construction.

A frame is text with slots in brackets:

- ``[often]``: one of a list of ``words.py``;
- ``[n=thing|device.o]``: a noun, person or action of a group, named n, in a form; ``[w:=we]`` names
  one without saying it;
- ``[n.po]``: that noun again, in another form;
- ``[रखा~n]``, ``[a.perf~n!]``, ``[colour~n]``: a word, a form of another, or one of a list, that
  agrees with n as it was first said (``~n.o``: in another form). ``!``: a verb's only finite part.

Forms of nouns: o (oblique), p (plural), po (both).  Of people: ne, ko, ka, ke, se.  Of actions:
root, hab, perf, inf, info, kar, pol, fam, fut, sub; without a form, the object alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Any

from demo_voice.hindi import actions, mixed, nouns, people, rare, words
from demo_voice.hindi.actions import Action
from demo_voice.hindi.forms import Features, Noun, Verb, agree
from demo_voice.hindi.frames import FRAMES
from demo_voice.hindi.people import Who

GROUPS: dict[str, list[Any]] = {
    **nouns.GROUPS,
    "who": people.EVERYONE,
    "other": people.OTHERS,
    "named": people.NAMED,
    "man": people.MEN,
    "woman": people.WOMEN,
    "elder": people.ELDERS,
    "you": people.YOU,
    "we": people.WE,
    "doing": actions.DOINGS,
    "move": actions.MOVES,
    "forself": actions.FOR_SELF,
    "foraway": actions.FOR_OTHERS,
    **mixed.GROUPS,
}
WORDS = words.GROUPS | words.entries(mixed.WORDS | rare.WORDS)
_SLOT = re.compile(r"\[([^\[\]]+)\]")
_BINDING = re.compile(r"(\w+)(:?)=([\w|]+)(?:\.(\w+))?")
_AGREEING = re.compile(r"([^~.]+)(?:\.(\w+))?~(\w+)(?:\.(\w+))?(!?)")


class Filling:
    """The slots of one sentence."""

    def __init__(self, frame: str, rng: random.Random) -> None:
        self.rng = rng
        self.bound: dict[str, tuple[Any, str]] = {}
        self.said: set[str] = set()  # of the lists
        taken: set[str] = set()
        for name, _, groups, form in _BINDING.findall(frame):
            choice = self._choose([item for g in groups.split("|") for item in GROUPS[g]], taken)
            self.bound[name] = (choice, form)

    def _choose(self, items: list[Any], taken: set[str]) -> Any:
        """One that the sentence does not have yet."""
        for _ in range(20):
            choice = self.rng.choice(items)
            key = choice.what if isinstance(choice, Action) else choice.word
            if key not in taken:
                break
        taken.add(key)
        return choice

    def fill(self, frame: str) -> str:
        """The frame with every slot, and the slots inside its words, filled."""
        while _SLOT.search(frame):
            frame = _SLOT.sub(lambda slot: self._said(slot[1]), frame)
        return re.sub(r"\s+", " ", frame).strip()

    def _said(self, slot: str) -> str:
        if binding := _BINDING.fullmatch(slot):
            if binding[2]:
                return ""
            return _form(*self.bound[binding[1]], Features())
        if agreeing := _AGREEING.fullmatch(slot):
            head, form, name, other, last = agreeing.groups()
            item, declared = self.bound[name]
            features = _features(item, declared if other is None else other)
            return self._agreeing(head, form, features, bool(last))
        name, _, form = slot.partition(".")
        if name in self.bound:
            return _form(self.bound[name][0], form, Features())
        return self._word(slot)

    def _word(self, group: str) -> str:
        """One of a list, another one each time where there is another."""
        entries = WORDS[group]
        choice = self.rng.choice([e for e in entries if e not in self.said] or entries)
        self.said.add(choice)
        return choice

    def _agreeing(self, head: str, form: str | None, features: Features, last: bool) -> str:
        head = head.partition("=")[0]
        if head in self.bound:
            word = _form(self.bound[head][0], form or "", features)
        elif form:
            word = _verb_form(Verb(head), form, features)
        elif head in WORDS:
            word = self._word(head)
        else:
            word = head
        if form in ("fut", "sub"):
            return word
        whose, _, genitive = word.rpartition(" ") if form == "ka" else ("", "", word)
        return f"{whose} {agree(genitive, features, last)}".strip()


def _features(item: Noun | Who | Action, form: str) -> Features:
    if isinstance(item, Noun):
        return item.features(plural="p" in form, oblique="o" in form)
    if item.features is None:
        raise ValueError(f"{item.root!r} has no object to agree with")
    return item.features


def _form(item: Noun | Who | Action, form: str, with_: Features) -> str:
    if isinstance(item, Noun):
        return item.form(plural="p" in form, oblique="o" in form)
    if isinstance(item, Who):
        return str(getattr(item, form or "word"))
    if not form:
        return item.what
    return item.lead + _verb_form(item.verb, form, with_)


def _verb_form(verb: Verb, form: str, with_: Features) -> str:
    if form in ("fut", "sub"):
        return verb.future(with_) if form == "fut" else verb.subjunctive(with_)
    if form == "info":
        return verb.infinitive[:-1] + "े"
    names = {
        "root": "root",
        "hab": "habitual",
        "perf": "perfective",
        "inf": "infinitive",
        "kar": "conjunctive",
        "pol": "polite",
        "fam": "familiar",
    }
    return str(getattr(verb, names[form]))


def compose(count: int, seed: int = 0, frames: Iterable[str] = FRAMES) -> list[str]:
    """Up to ``count`` different sentences, the frames in turn.

    What a frame gives depends on the frame alone: one that is added or mended leaves the sentences
    of the others as they were, and spoken as they are.
    """
    turns = list(frames)
    made: dict[str, None] = {}
    for turn in range(6 * count):
        if len(made) >= count:
            break
        frame = turns[turn % len(turns)]
        rng = random.Random(f"{seed} {turn // len(turns)} {frame}")
        made.setdefault(Filling(frame, rng).fill(frame))
    return list(made)

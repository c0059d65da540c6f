"""When the words of a segment are heard, estimated from their spelling and its audio. Pure.

What is known: how long each word should take, and where the audio is silent so far. A pause is most
likely behind a word with a mark; which one, is what needs the least change of the speaking rate
from one pause to the next. Between pauses words share the speech, and the syllables in it, by their
expected lengths.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from tensorrt_tts.audio.loudness import Span, is_pause
from tensorrt_tts.audio.pace import Pace
from tensorrt_tts.text.durations import ExpectedWord

MARGIN_S = 0.5
"""A word is final once so much audio has come behind its estimated end, which what comes after a
word says much about."""

# Costs of a way to put pauses behind words, beside the changes of rate |log(found / expected)|.
# The best of a coarse grid, on the demo voice's speech.
_UNMARKED = 0.1  # a pause behind a word without a mark
_MISSED = 0.3  # a mark that no pause is at
_PLACED = 1.5  # gained for a second of pause that is behind a word
_LONGEST_S = 0.4  # beyond it a pause gains no more
_KNOWN_S = 3.0
"""Expected seconds of speech that weigh as much as the rate known before."""
_LATE_S = 0.25
"""A pause may be so much later than its word was expected to end."""

Anchor = tuple[int, int]
"""(pause, word): a pause, counted from 0, and how many words are in front of it."""


class WordTimer:
    """Of one segment. Tell it what has been heard by `update`, as often as it is to be asked."""

    def __init__(self, words: Sequence[ExpectedWord], rate: float) -> None:
        """rate: how many times as long as expected the voice speaks."""
        self.final: list[Span] = []
        """Seconds from the segment's first sample, of the first words; they stay as they are."""
        self._words = words
        self._rate = rate
        self._ends = np.concatenate([[0.0], np.cumsum([word.seconds for word in words])])
        self._marks = np.concatenate([[0], np.cumsum([word.pause for word in words])])
        self._anchors: list[Anchor] = []
        self._pauses = -1  # for which those were found
        self._heard: tuple[Sequence[Span], Sequence[float]] | None = None  # None: nothing, or all
        self._found: list[Span] = []
        self._due_s = 0.0  # before so much is heard, no further word is final

    @property
    def estimates(self) -> list[Span]:
        """Of all words, as far as can be told now; empty before anything was heard."""
        if self._heard is not None:
            self._find(*self._heard, ended=False)
        after = self.final[-1][1] if self.final else 0.0
        rest = self._found[len(self.final) :]
        return self.final + [(max(after, start), max(after, end)) for start, end in rest]

    def update(
        self,
        speech: Sequence[Span],
        heard_s: float,
        *,
        ended: bool,
        syllables: Sequence[float] = (),
    ) -> None:
        """speech: between its pauses, see `Loudness.speech`. heard_s: seconds, silence included.
        ended: whether that is all of the segment. syllables: see `Loudness.syllables`."""
        if not speech or not self._words:
            if ended:  # nothing can be heard, but every word has its time
                self.final += [(heard_s, heard_s)] * (len(self._words) - len(self.final))
            return
        self._heard = None if ended else (speech, syllables)
        if not ended and len(speech) == self._pauses and heard_s < self._due_s:
            return
        self._find(speech, syllables, ended=ended)
        found = self._found
        silent = is_pause(heard_s - speech[-1][1])
        count = len(self.final)
        while count < len(found):
            end = found[count][1]
            if not ended and (end + MARGIN_S > heard_s or (silent and end > speech[-1][1])):
                break
            count += 1
        extend(self.final, found[len(self.final) : count])
        self._due_s = found[count][1] + MARGIN_S if count < len(found) else math.inf

    def _find(self, speech: Sequence[Span], syllables: Sequence[float], *, ended: bool) -> None:
        pace = Pace(speech, syllables)
        if ended or len(speech) != self._pauses:
            rate = pace.before[-1] / float(self._ends[-1]) if ended else self._rate
            self._anchors = self._placed(speech, pace, rate, ended=ended)
            self._pauses = len(speech)
        self._found = self._times(speech, pace, ended=ended)

    def _placed(
        self, speech: Sequence[Span], pace: Pace, rate: float, *, ended: bool
    ) -> list[Anchor]:
        """The best way to put pauses behind words: a shortest path from pause to pause."""
        count, ends, marks = len(self._words), self._ends, self._marks
        costs, spoken, words = np.zeros(1), np.zeros(1), np.zeros(1, int)  # of each way's last step
        before, pauses = [-1], [-1]
        inner = np.arange(1, count)
        unmarked = np.where(np.diff(marks)[:-1] > 0, 0.0, _UNMARKED)
        for pause, ((_, stop), (then, _)) in enumerate(itertools.pairwise(speech)):
            now = pace.before[pause + 1]
            ways = costs[:, None] + self._changes(spoken, words, now, inner, rate)
            ways += _MISSED * (marks[inner - 1] - marks[words][:, None])
            best = ways.argmin(0) if count > 1 else inner
            found = ways[best, inner - 1] + unmarked - _PLACED * min(_LONGEST_S, then - stop)
            possible = np.isfinite(found)
            costs = np.concatenate([costs, found[possible]])
            words = np.concatenate([words, inner[possible]])
            spoken = np.concatenate([spoken, np.full(int(possible.sum()), now)])
            before += best[possible].tolist()
            pauses += [pause] * int(possible.sum())
        now = pace.before[-1]
        since = now - spoken
        if ended:
            costs = costs + self._changes(spoken, words, now, np.array([count]), rate)[:, 0]
            costs += _MISSED * (marks[count - 1] - marks[words])
        else:
            over = np.searchsorted(ends, ends[words] + since / rate - _LATE_S, side="right") - 1
            costs = costs + _MISSED * (marks[np.maximum(words, over)] - marks[words])
            left = np.maximum(ends[count] - ends[words], 1e-3)
            costs += np.maximum(0.0, np.log(np.maximum(since, 1e-3) / (rate * left)))
        place = int(costs.argmin())
        anchors: list[Anchor] = []
        while place >= 0:
            anchors.append((pauses[place], int(words[place])))
            place = before[place]
        return anchors[::-1]

    def _changes(
        self, spoken: np.ndarray, words: np.ndarray, now: float, to: np.ndarray, rate: float
    ) -> np.ndarray:
        """What the rate changes by if the words up to each of `to` were said since each way's last
        pause: (ways, len(to)); infinite where there are none."""
        expected = rate * (self._ends[to] - self._ends[words][:, None])
        since = np.maximum(1e-3, now - spoken)[:, None]
        changes = np.abs(np.log(since / np.maximum(expected, 1e-3)))
        return np.where(expected > 0, changes, np.inf)

    def _times(self, speech: Sequence[Span], pace: Pace, *, ended: bool) -> list[Span]:
        """Of all words, by the anchors."""
        anchors = self._anchors
        if ended:
            anchors = [*anchors, (len(speech) - 1, len(self._words))]
        edges: list[np.ndarray] = []
        for (pause, word), (next_pause, next_word) in itertools.pairwise(anchors):
            begin, end = pace.before[pause + 1], pace.before[next_pause + 1]
            share = (end - begin) / float(self._ends[next_word] - self._ends[word])
            edges.append(begin + share * (self._ends[word : next_word + 1] - self._ends[word]))
        if not ended:
            pause, word = anchors[-1]
            known = pace.before[pause + 1]
            rate = (self._rate * _KNOWN_S + known) / (_KNOWN_S + float(self._ends[word]))
            edges.append(known + rate * (self._ends[word:] - self._ends[word]))
        found: list[Span] = []
        for each in edges:
            found += zip(pace.starts(each[:-1]), pace.stops(each[1:]), strict=True)
        return found


def extend(final: list[Span], more: Sequence[Span]) -> None:
    """None of them begins before the one in front of it ends."""
    for start, end in more:
        start = max(start, final[-1][1] if final else 0.0)
        final.append((start, max(start, end)))

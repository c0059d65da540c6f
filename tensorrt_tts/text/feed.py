"""Text that is still coming, to the segments that are generated one after another. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.errors import NothingToSpeakError
from tensorrt_tts.text.normalize import (
    MAX_CHARACTERS,
    NOTHING_TO_SPEAK,
    TextCheck,
    closed,
    speakable,
    typeset,
)
from tensorrt_tts.text.pieces import Piece, PieceCutter
from tensorrt_tts.text.segment import Segment, SegmentJoiner
from tensorrt_tts.text.spoken import Spoken, SpokenOptions, speak_as
from tensorrt_tts.text.tags import spell_tags
from tensorrt_tts.text.written import WrittenText, said_words


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How a text is read for one voice.

    limit: characters of a segment, as it is said. tags: of the voice's model. language: BCP 47, the
    voice's. spoken: how numbers and the like are put in words; None: they stay as written. joined:
    as few segments as the limit allows.
    """

    limit: int
    tags: tuple[str, ...] = ()
    language: str = "en"
    spoken: SpokenOptions | None = None
    joined: bool = False


class TextFeed:
    """Text in pieces, as a language model writes it, to segments: the same ones however the text is
    cut into pieces, each as soon as no further text can change it.

    Each sentence is put in words as a whole, then cut to the limit. What is held back until it is
    decided: a sentence up to its end and the next word (`SentenceScanner`), or up to the limit;
    then what joining short sentences needs, 24 characters of the next one (`SegmentJoiner`). The
    work grows with the length of the text alone.

    max_characters: of the whole text. first_clause: least characters of a first segment that ends
    at a clause, see `PieceCutter`; SHORT is a good value, and None, the default, cuts the first
    segment like the others.

    The methods raise TextError with the position in the whole text. A piece that is refused is not
    taken in; segments given before stay as they are.
    """

    def __init__(
        self,
        rules: ReadingRules,
        max_characters: int = MAX_CHARACTERS,
        first_clause: int | None = None,
    ) -> None:
        self._rules = rules
        self._check = TextCheck(max_characters)
        self._cutter = PieceCutter(rules.limit, first_clause, rules.language)
        self._joiner = SegmentJoiner(rules.limit, first_clause, rules.joined)
        self._written = WrittenText()
        self._spoke = False

    def feed(self, text: str) -> list[Segment]:
        """Segments that are decided now, those with nothing to speak too."""
        self._check.feed(text)
        self._written.feed(text)
        given = self._joined(self._cutter.feed(text))
        return given + self._joiner.known(self._cutter.known, self._cutter.before)

    def flush(self) -> list[Segment]:
        """The segment in progress ends here, as at the end of the text; what is fed next begins a
        new one."""
        self._check.end()
        return self._joined(self._cutter.end()) + self._joiner.end()

    def end(self) -> list[Segment]:
        """The rest. Raises TextError where nothing was ever given that can be spoken."""
        segments = self.flush()
        if not self._spoke:
            raise NothingToSpeakError(NOTHING_TO_SPEAK)
        return segments

    def _joined(self, pieces: list[Piece]) -> list[Segment]:
        found: list[Segment] = []
        for piece in pieces:
            typed = typeset(piece.text)
            spoken = self._said(typed.text, piece.ended)
            taken = self._written.take(piece.text)
            words = said_words(taken, spoken.text, spoken.origins, typed.origins)
            found += self._joiner.add(piece, typed.text, spoken, words)
        return found

    def _said(self, text: str, ended: bool) -> Spoken:
        """A piece in words; nothing where it has none."""
        rules = self._rules
        spoken = speak_as(text, rules.spoken) if rules.spoken else spell_tags(text, rules.tags)
        if not speakable(spoken.text):
            return Spoken("")
        self._spoke = True
        return spoken._replace(text=closed(spoken.text)) if ended else spoken

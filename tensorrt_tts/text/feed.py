"""Text that is still coming, to the segments that are generated one after another. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.normalize import MAX_CHARACTERS, NOTHING_TO_SPEAK, Normalizer, speakable
from tensorrt_tts.text.segment import Segmenter
from tensorrt_tts.text.tags import TagSpeller


class TextFeed:
    """Text in pieces, as a language model writes it, to segments: the same ones however the text is
    cut into pieces, each as soon as no further text can change it.

    What is held back until it is decided, beside what joining short sentences needs (`Segmenter`):
    the last character (an accent may join it), the stops, dashes and spaces before it, and up to 43
    characters after a "<" that may become a tag. A segment without a letter or digit is left out.

    limit: characters of a segment. tags: of the voice's model. max_characters: of the whole text.
    first_clause: least characters of a first segment that ends at a clause, see `Segmenter`; SHORT
    is a good value, and None, the default, cuts the first segment like the others.

    The methods raise TextError with the position in the whole text. A piece that is refused is not
    taken in; segments given before stay as they are.
    """

    def __init__(
        self,
        limit: int,
        tags: Sequence[str] = (),
        max_characters: int = MAX_CHARACTERS,
        first_clause: int | None = None,
    ) -> None:
        self._normalizer = Normalizer(max_characters)
        self._tags = TagSpeller(tags)
        self._segmenter = Segmenter(limit, first_clause)
        self._spoke = False

    def feed(self, text: str) -> list[str]:
        """Segments that are decided now."""
        text = self._tags.feed(self._normalizer.feed(text))
        return self._spoken(self._segmenter.feed(text))

    def flush(self) -> list[str]:
        """The segment in progress ends here, as at the end of the text; what is fed next begins a
        new one."""
        text = self._tags.feed(self._normalizer.end()) + self._tags.end()
        return self._spoken(self._segmenter.feed(text) + self._segmenter.end())

    def end(self) -> list[str]:
        """The rest. Raises TextError where nothing was ever given that can be spoken."""
        segments = self.flush()
        if not self._spoke:
            raise TextError(NOTHING_TO_SPEAK)
        return segments

    def _spoken(self, segments: list[str]) -> list[str]:
        segments = [segment for segment in segments if speakable(segment)]
        self._spoke = self._spoke or bool(segments)
        return segments

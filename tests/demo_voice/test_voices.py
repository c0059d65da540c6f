from pathlib import Path

import pytest

from demo_voice.voices import VOICES, chosen, shard_names, voice_of
from tensorrt_tts.errors import SettingError


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "speech").mkdir()
    for name in ("shard-0001", "shard-0000", "hf_alpha-0000", "hf_alpha-0010", "hf_alpha-0009"):
        (tmp_path / "speech" / f"{name}.jsonl").touch()
    (tmp_path / "speech" / "hm_psi-0000.i16").touch()  # not whole
    return tmp_path


def test_voices_that_have_speech_or_those_asked_for(work: Path) -> None:
    assert chosen(work, None) == ("heart", "hf_alpha")
    assert chosen(work, ["hf_alpha", "heart"]) == ("heart", "hf_alpha")
    assert chosen(work, ["hf_alpha"]) == ("hf_alpha",)


@pytest.mark.parametrize(("asked", "absent"), [(["heart", "hm_psi"], "hm_psi"), (None, "heart")])
def test_a_voice_without_speech_is_named(
    work: Path, tmp_path: Path, asked: list[str] | None, absent: str
) -> None:
    folder = work if asked else work / "empty"
    with pytest.raises(SettingError, match=f"no speech of {absent} .*synthesize --voice {absent}"):
        chosen(folder, asked)


def test_shards_voice_by_voice_in_order(work: Path) -> None:
    names = shard_names(work, ("heart", "hf_alpha"))
    assert names == ["shard-0000", "shard-0001", "hf_alpha-0000", "hf_alpha-0009", "hf_alpha-0010"]
    assert [voice_of(name) for name in names] == ["heart"] * 2 + ["hf_alpha"] * 3


def test_people_have_names_for_voices_of_other_names() -> None:
    friendly = [voice.friendly_name for voice in VOICES.values() if voice.friendly_name]
    assert len(set(friendly)) == len(VOICES) - 1
    assert VOICES["hf_alpha"].languages == ("hi", "en")

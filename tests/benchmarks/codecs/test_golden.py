"""`python -m benchmarks codec-golden`: what it compares, and what it finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from benchmarks.codecs.golden import codec_golden
from benchmarks.command_line import main
from tensorrt_tts.errors import InputError
from tests.support.golden import golden
from tests.support.plain_bicodec import plain_decode
from tests.support.plain_encode import plain_semantics, plain_speaker
from tests.support.tiny_bicodec import TINY, random_weights, tiny_codec, voice, write_bicodec
from tests.support.tiny_encoder import FEATURES, encoder_weights, humming, write_encoder
from tests.tensorrt_tts.codecs.bicodec.test_encoder_golden import checkpoint, recordings

BATCH, STEPS = 2, 90


def write_case(folder: Path, **changed: Any) -> Path:
    """Of the plain decode, and two layers of our own."""
    write_bicodec(folder)
    semantic = np.random.RandomState(0).randint(0, 8192, (BATCH, STEPS))
    speakers = np.array([voice(1), voice(2)])[:, None]
    weights = random_weights(TINY)
    double = {name: tensor.double() for name, tensor in weights.items()}
    inputs = [
        ([(int(code),) for code in row], voice(number))
        for row, number in zip(semantic, (1, 2), strict=True)
    ]
    traced = [tiny_codec().trace(*one) for one in inputs]
    case: dict[str, Any] = {
        "semantic": semantic,
        "glob": speakers,
        "wav": np.stack([plain_decode(TINY, weights, *one)[None] for one in inputs]),
        "wav_f64": np.stack([plain_decode(TINY, double, *one)[None] for one in inputs]),
        "d_vector": np.stack([row["d_vector"][:, 0] for row in traced]),
        "prenet.linear_pre": np.stack([row["prenet.linear_pre"].T for row in traced]),
    }
    case |= changed
    np.savez(folder / "case.npz", **{name: x for name, x in case.items() if x is not None})
    return folder


def test_a_checkpoint_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_case(tmp_path / "codec")
    assert main(["codec-golden", str(folder), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.splitlines()
    found = {row["tensor"]: row for row in json.loads(said[-1])["tensors"]}
    assert set(found) == {"wav", "wav_f64", "d_vector", "prenet.linear_pre", "wav, streamed"}
    assert all(row["within"] and row["error"] < 5e-6 for row in found.values())
    assert found["wav"]["shape"] == [BATCH, 1, STEPS * 320]
    assert json.loads((tmp_path / "out" / "codec-golden.json").read_text()) == json.loads(said[-1])


def silent(wav: np.ndarray) -> np.ndarray:
    return np.zeros_like(wav)


@pytest.mark.parametrize(
    ("name", "change", "beyond"),
    [
        ("wav", silent, {"wav", "wav, streamed"}),
        ("wav", lambda x: x + 3e-5, {"wav", "wav, streamed"}),
        ("wav", lambda x: x[..., :-1], {"wav", "wav, streamed"}),
        ("wav_f64", lambda x: x * np.nan, {"wav_f64"}),
        ("d_vector", lambda x: x[::-1], {"d_vector"}),
        ("nobody.knows", lambda _: np.zeros(3), {"nobody.knows"}),
    ],
)
def test_what_is_beyond_its_tolerance(
    tmp_path: Path,
    name: str,
    change: Callable[[Any], Any],
    beyond: set[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_case(tmp_path)
    stored = dict(np.load(folder / "case.npz"))
    stored[name] = change(stored.get(name))
    np.savez(folder / "case.npz", **stored)
    assert {row.tensor for row in codec_golden(folder) if not row.within} == beyond
    assert main(["codec-golden", str(folder), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert sum(line.endswith("  beyond") for line in said.out.splitlines()) == len(beyond)
    assert f"{len(beyond)} of " in said.err


def test_a_tolerance_of_ones_own(tmp_path: Path) -> None:
    folder = write_case(tmp_path, wav=None, wav_f64=None, atol=1e-9)
    assert {row.tolerance for row in codec_golden(folder, 1.0)} == {1e-9}
    folder = write_case(tmp_path, wav=np.zeros((BATCH, 1, STEPS * 320), np.float32))
    assert all(row.within for row in codec_golden(folder, 1.0))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"glob": None}, "has no glob: a case has semantic and glob"),
        ({"semantic": np.full((BATCH, 3), 8192)}, "semantic has 8192, codes are 0 to 8191"),
        ({"glob": np.zeros((BATCH, 1, 31), int)}, "glob: a speaker has 32 tokens, not 31"),
        ({"glob": np.zeros((3, 1, 32), int)}, "has rows semantic 2 and glob 3"),
    ],
)
def test_a_file_that_is_no_case(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=f"case.npz'.*{says}"):
        list(codec_golden(write_case(tmp_path, **changed)))


def test_a_folder_without_a_case(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no npz file in"):
        list(codec_golden(write_bicodec(tmp_path)))
    (tmp_path / "case.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"case.npz' cannot be read .*savez"):
        list(codec_golden(tmp_path))


def test_the_official_tensors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = golden("spark")
    for ours, theirs in (
        ("config.json", "small_config.json"),
        ("model.safetensors", "small_decode.safetensors"),
    ):
        (tmp_path / ours).symlink_to(source / theirs)
    for path in source.glob("small_b*.npz"):
        (tmp_path / path.name).symlink_to(path)
    assert main(["codec-golden", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    print(capsys.readouterr().out)


def write_encodings(folder: Path, **changed: Any) -> Path:
    """Of the plain encoding, in double precision; and a case of decoding beside it."""
    write_case(folder)
    write_encoder(folder)
    draw = np.random.RandomState(1)
    feat = draw.standard_normal((BATCH, 20, FEATURES)).astype(np.float32)
    clips = np.stack([humming(0.5, pitch=pitch) for pitch in (150, 300)]).astype(np.float32)
    weights = {name: tensor.double() for name, tensor in encoder_weights().items()}
    rows = [
        plain_semantics(weights, heard) | plain_speaker(weights, clip)
        for heard, clip in zip(feat, clips, strict=True)
    ]
    made = {name: np.stack([row[name].numpy() for row in rows]) for name in rows[0]}
    case: dict[str, Any] = {"feat": feat, "ref_wav": clips, "atol": 1e-4, **made}
    case |= {"z_f64": case["z"], "perceiver_f64": case["perceiver"], "glob": case["glob"][:, None]}
    case |= changed
    np.savez(folder / "encode.npz", **{name: x for name, x in case.items() if x is not None})
    return folder


def test_an_encoder_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_encodings(tmp_path / "codec")
    assert main(["codec-golden", str(folder), "--out", str(tmp_path / "out")]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])["tensors"]
    found = {row["tensor"]: row for row in rows if row["case"] == "encode"}
    names = {"z", "z_e", "semantic", "mel", "perceiver", "glob", "z_f64", "perceiver_f64"}
    assert set(found) == names
    assert {row["case"] for row in rows} == {"case", "encode"}
    assert all(row["error"] < 1e-9 for name, row in found.items() if name.endswith("_f64"))
    assert found["glob"]["tolerance"] == found["semantic"]["tolerance"] == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("z", lambda x: x + 2e-4),
        ("mel", lambda x: x[..., :-1]),
        ("semantic", lambda x: x ^ np.eye(*x.shape, dtype=int)),
        ("glob", lambda x: x[..., ::-1]),
        ("perceiver_f64", lambda x: x * np.nan),
        ("mel", lambda x: x[..., 1::4]),
        ("y_vector", lambda _: np.zeros((BATCH, 32))),
    ],
)
def test_an_encoding_that_is_beyond(
    tmp_path: Path, name: str, change: Callable[[Any], Any]
) -> None:
    folder = write_encodings(tmp_path)
    stored = dict(np.load(folder / "encode.npz"))
    stored[name] = change(stored.get(name))
    np.savez(folder / "encode.npz", **stored)
    assert [row.tensor for row in codec_golden(folder) if not row.within] == [name]


@pytest.mark.parametrize(
    ("source", "lost"), [("feat", {"z", "z_e", "semantic", "z_f64"}), ("ref_wav", {"mel", "glob"})]
)
def test_what_nothing_in_the_file_makes_is_named_and_not_compared(
    tmp_path: Path, source: str, lost: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_encodings(tmp_path, **{source: None}, x_vector=np.ones((BATCH, 32)), note="of 4")
    rows = {row.tensor: row for row in codec_golden(folder) if row.case == "encode"}
    left_out = {name: row.left_out for name, row in rows.items() if row.left_out}
    assert dict.fromkeys(lost, f"no {source} in the file").items() <= left_out.items()
    assert left_out["x_vector"] == "no token is made of it"
    assert all((row.error is None) == (name in left_out) for name, row in rows.items())
    assert len(left_out) < len(rows)
    assert "note" not in rows
    assert main(["codec-golden", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert f"not compared: no {source} in the file" in capsys.readouterr().out


def test_a_file_of_which_nothing_can_be_compared(tmp_path: Path) -> None:
    """Neither ids alone nor an encoding without what it is made of says anything."""
    nothing = dict.fromkeys(("wav", "wav_f64", "d_vector", "prenet.linear_pre"))
    with pytest.raises(InputError, match=r"nothing of '.*case.npz' can be compared; store"):
        list(codec_golden(write_case(tmp_path, **nothing)))
    folder = write_encodings(tmp_path / "encodings")
    np.savez(folder / "encode.npz", feat=np.zeros((1, 20, FEATURES)), mel=np.zeros((1, 128, 9)))
    with pytest.raises(InputError, match=r"nothing of '.*encode.npz' can .* its feat or ref_wav"):
        list(codec_golden(folder))


def test_of_a_spectrogram_some_frames_may_be_stored(tmp_path: Path) -> None:
    folder = write_encodings(tmp_path)
    stored = dict(np.load(folder / "encode.npz"))
    np.savez(folder / "encode.npz", **stored | {"mel": stored["mel"][..., ::4]})
    assert all(row.within for row in codec_golden(folder))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"feat": np.zeros((BATCH, FEATURES))}, r"feat has the shape \(2, 24\), not \(batch, st"),
        ({"feat": np.zeros((1, 9, 25))}, r"feat has the shape \(1, 9, 25\), not .*steps, 24\)"),
        ({"ref_wav": np.zeros(16_000)}, r"ref_wav has the shape \(16000,\), not \(batch, samples"),
        ({"feat": None, "ref_wav": None, "semantic": None}, "has no semantic: .*feat or ref_wav"),
    ],
)
def test_what_is_no_case_of_encoding(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=f"encode.npz'.*{says}"):
        list(codec_golden(write_encodings(tmp_path, **changed)))


def test_a_folder_of_encodings_needs_no_decoder(tmp_path: Path) -> None:
    folder = write_encodings(tmp_path)
    (folder / "case.npz").unlink()
    (folder / "model.safetensors").unlink()
    save_file(encoder_weights(), folder / "model.safetensors")
    assert all(row.within for row in codec_golden(folder))


def test_the_official_encodings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they are stored, and with the clip, which is stored as a formula."""
    checkpoint(tmp_path, "small")
    path = golden("spark") / "small_encode_b2.npz"
    (tmp_path / path.name).symlink_to(path)
    clips = np.stack(recordings()).astype(np.float32)
    np.savez(tmp_path / "encode.npz", ref_wav=clips, atol=1e-5, **np.load(path))
    assert main(["codec-golden", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    print(capsys.readouterr().out)

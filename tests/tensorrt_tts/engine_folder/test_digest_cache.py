"""Never a stale digest: whatever happens to a file or to the cache, the answer is the file's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tensorrt_tts.engine_folder import digest_cache, manifest
from tensorrt_tts.engine_folder.digest_cache import MOST_FILES, NAME, SETTLED_NS, DigestCache


class Reads:
    """Counts the files that are read whole."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[Path] = []
        real = manifest.digest

        def counted(path: Path) -> str:
            self.paths.append(path)
            return real(path)

        monkeypatch.setattr(digest_cache, "digest", counted)

    def taken(self) -> int:
        count = len(self.paths)
        self.paths.clear()
        return count


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "engines"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights 1")
    return path


def later() -> int:
    """A clock an hour on: what was written just now has settled."""
    return time.time_ns() + 3_600_000_000_000


def ask(root: Path, path: Path) -> str:
    """As one start of a process does."""
    cache = DigestCache(root, later)
    found = cache.digest(path)
    cache.save()
    return found


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same_times(path: Path, stat: os.stat_result) -> None:
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_file_is_read_once(root: Path, weights: Path, reads: Reads) -> None:
    assert [ask(root, weights) for _ in range(3)] == [sha(weights)] * 3
    assert reads.taken() == 1


def tick(path: Path) -> None:
    """Until the file system's clock has moved on from that file's times."""
    probe = path.with_name("probe")
    while not probe.exists() or probe.stat().st_ctime_ns <= path.stat().st_ctime_ns:
        probe.touch()


def rewritten(path: Path) -> None:
    tick(path)
    path.write_bytes(b"weights 2")


def rewritten_with_its_old_time(path: Path) -> None:
    stat = path.stat()
    tick(path)
    path.write_bytes(b"weights 2")
    same_times(path, stat)


def renamed_over(path: Path) -> None:
    """Another file of the same size and time takes the name, as downloaders do."""
    stat, fresh = path.stat(), path.with_name("fresh")
    fresh.write_bytes(b"weights 2")
    same_times(fresh, stat)
    fresh.replace(path)


def another_time(path: Path) -> None:
    path.write_bytes(b"weights 2")
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def truncated(path: Path) -> None:
    os.truncate(path, 3)


@pytest.mark.parametrize(
    "change", [rewritten, rewritten_with_its_old_time, renamed_over, another_time, truncated]
)
def test_a_changed_file_is_read_again(
    root: Path, weights: Path, reads: Reads, change: Callable[[Path], None]
) -> None:
    before = ask(root, weights)
    change(weights)
    after = ask(root, weights)
    assert after == sha(weights) != before
    assert reads.taken() == 2
    assert list(json.loads((root / NAME).read_text())["files"]) == [str(weights)]


def test_a_hub_snapshot_is_its_blobs(tmp_path: Path, root: Path, reads: Reads) -> None:
    """Two revisions name one blob; a revision that names another is another file."""
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for name in ("one", "two"):
        (blobs / name).write_text(name)
    links = [tmp_path / f"snapshot-{n}" / "model.safetensors" for n in (1, 2)]
    for link in links:
        link.parent.mkdir()
        link.symlink_to(blobs / "one")
        assert ask(root, link) == sha(blobs / "one")
    assert reads.taken() == 1
    links[1].unlink()
    links[1].symlink_to(blobs / "two")
    assert ask(root, links[1]) == sha(blobs / "two")
    assert ask(root, links[0]) == sha(blobs / "one")
    assert reads.taken() == 1


def test_a_copy_is_another_file(tmp_path: Path, root: Path, weights: Path, reads: Reads) -> None:
    ask(root, weights)
    copy = Path(shutil.copy2(weights, tmp_path / "copy.safetensors"))
    assert ask(root, copy) == sha(weights)
    assert reads.taken() == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": 2, "files": {}}',
        '{"files": {"PATH": {"bytes": 9}}}',
        '{"files": {"PATH": {"bytes": 9, "inode": 1, "modified_ns": 1, "changed_ns": 1, '
        '"sha256": "short"}}}',
        "\x00\xff",
    ],
)
def test_a_damaged_cache_is_no_cache(root: Path, weights: Path, reads: Reads, text: str) -> None:
    root.mkdir()
    (root / NAME).write_bytes(text.replace("PATH", str(weights)).encode("latin-1"))
    assert ask(root, weights) == sha(weights)
    assert ask(root, weights) == sha(weights)
    assert reads.taken() == 1  # it was replaced by a whole one


def test_where_nothing_can_be_written_everything_is_read(
    tmp_path: Path, weights: Path, reads: Reads
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    (tmp_path / "taken" / NAME).mkdir(parents=True)
    for root in (blocked, blocked / "below", tmp_path / "taken"):
        assert ask(root, weights) == ask(root, weights) == sha(weights)
        assert reads.taken() == 2
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [NAME]  # no leftovers


def test_a_file_that_was_just_written_is_not_remembered(
    root: Path, weights: Path, reads: Reads
) -> None:
    """It may be written again within the same tick of the file system's clock."""
    stat = weights.stat()
    written = max(stat.st_mtime_ns, stat.st_ctime_ns)
    for clock, kept in ((written + SETTLED_NS, False), (written + SETTLED_NS + 1, True)):
        cache = DigestCache(root, partial(int, clock))
        assert cache.digest(weights) == sha(weights)
        cache.save()
        assert (root / NAME).exists() == kept
    os.utime(weights, ns=(0, later() + SETTLED_NS))  # a clock that runs ahead
    assert ask(root, weights) == sha(weights)
    reads.taken()
    assert ask(root, weights) == sha(weights)
    assert reads.taken() == 1


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    root: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: Path) -> str:
        found = sha(path)
        path.write_bytes(b"weights 3")
        return found

    monkeypatch.setattr(digest_cache, "digest", slow)
    ask(root, weights)
    assert not (root / NAME).exists()


def test_the_latest_files_are_kept(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_cache, "MOST_FILES", 3)
    for index in range(5):
        path = tmp_path / f"{index}"
        path.write_text("x")
        ask(root, path)
    files = json.loads((root / NAME).read_text())["files"]
    assert [Path(name).name for name in files] == ["2", "3", "4"]
    assert MOST_FILES == 256


def test_two_that_save_at_once_leave_a_whole_cache(tmp_path: Path, root: Path) -> None:
    paths = [tmp_path / f"{index}" for index in range(8)]
    for path in paths:
        path.write_text(path.name)
    caches = [DigestCache(root, later) for _ in paths]
    start = threading.Barrier(len(paths))

    def work(cache: DigestCache, path: Path) -> None:
        cache.digest(path)
        start.wait()
        cache.save()

    threads = [threading.Thread(target=work, args=pair) for pair in zip(caches, paths, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert DigestCache(root)._read()  # whole, with at least the last one's
    assert [path.name for path in root.iterdir()] == [NAME]
    assert [ask(root, path) for path in paths] == [sha(path) for path in paths]


def test_others_may_read_it(root: Path, weights: Path) -> None:
    ask(root, weights)
    assert (root / NAME).stat().st_mode & 0o777 == 0o644

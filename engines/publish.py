"""A folder appears whole or not at all.

Whatever fills it works in a hidden sibling folder, which becomes the target by one rename. A build
that is interrupted, killed or out of disk leaves at most a hidden folder that nothing ever reads
and that the next build removes. An advisory lock keeps two builds of one target from doing the
work twice; correctness rests on the rename alone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorrt_tts.errors import EngineError


@contextmanager
def lock(target: Path, waiting: Callable[[], None], poll: float = 0.2) -> Iterator[None]:
    """Holds `target`'s lock; calls `waiting` once if another process has it.

    File systems without locks (some network mounts) are used without: two builds then both work,
    and the first rename wins. Raises EngineError where nothing can be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        opened = (target.parent / f".{target.name}.lock").open("w", encoding="utf-8")
    except OSError as error:
        raise _storage_error(target, error) from error
    with opened as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    waiting()
                    told = True
                time.sleep(poll)
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise
                break
        yield  # closing the file releases the lock, also when the process is killed


def publish(target: Path, produce: Callable[[Path], None]) -> bool:
    """Lets `produce` fill a new folder, then makes it `target`. Returns False when another process
    published the target meanwhile, whose result stands.

    The hidden folders of builds that died are removed first; call it under `lock`. `produce`'s
    exceptions pass through after its folder is gone; a full disk becomes EngineError.
    """
    prefix = f".{target.name}.building-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for stale in target.parent.glob(f"{prefix}*"):
            shutil.rmtree(stale, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    except OSError as error:
        raise _storage_error(target, error) from error
    try:
        work.chmod(0o755)  # mkdtemp's 0700 would lock a server's user out of a shared volume
        produce(work)
        _flush(work)
        try:
            work.rename(target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                shutil.rmtree(work, ignore_errors=True)
                return False
            raise
        _flush_folder(target.parent)
        return True
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise _storage_error(target, error) from error
    except BaseException:  # Ctrl-C too
        shutil.rmtree(work, ignore_errors=True)
        raise


def set_aside(target: Path) -> None:
    """Moves a damaged target out of the way, under a name that nothing reads, and deletes it."""
    aside = target.with_name(f".{target.name}.damaged-{os.getpid()}")
    target.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _flush(folder: Path) -> None:
    """A rename may reach the disk before the data it publishes; a power cut would then leave a
    complete name with empty files."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network mounts cannot sync a folder; the files themselves are synced
    finally:
        os.close(descriptor)


def _storage_error(target: Path, error: OSError) -> EngineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineError(
            f"no space left for {str(target)!r}: nothing was kept; free some or pass --output on "
            "another disk"
        )
    return EngineError(f"cannot write {str(target)!r}: {error.strerror or error}")

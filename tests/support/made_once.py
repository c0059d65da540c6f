"""What takes seconds to make, made once for all test processes of a run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from filelock import FileLock


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` filled, here or in another process. Not to be written to."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")  # none where there is one process
    root = Path(gettempdir()) / f"made-{run}" if run else Path(mkdtemp(prefix="made-"))
    root.mkdir(exist_ok=True)
    folder, partial = root / name, root / f"{name}.partial"
    with FileLock(root / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            partial.rename(folder)
    return folder

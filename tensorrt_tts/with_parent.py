"""`python with_parent.py PARENT COMMAND …`: become COMMAND, which is asked to stop when its parent
goes.

A program of its own: Python between fork and exec is not safe in a process with threads, which a
Modal container's is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Outlives exec. The kernel means the thread that started us, not the process."""


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):
            sys.exit("the parent has ended already")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()

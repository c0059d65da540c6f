"""`python -m benchmarks`: measure a running server, or one started for the purpose."""

from __future__ import annotations

import sys

from benchmarks.command_line import main

if __name__ == "__main__":
    sys.exit(main())

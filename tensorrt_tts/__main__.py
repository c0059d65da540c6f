"""`python -m tensorrt_tts` is the `tensorrt-tts` command."""

import sys

from tensorrt_tts.cli import main

if __name__ == "__main__":
    sys.exit(main())

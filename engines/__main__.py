"""`python -m engines plan|build|check|recipes|verify`."""

import sys

from engines.cli import main

if __name__ == "__main__":  # TensorRT-LLM's MPI workers import this module again
    sys.exit(main())

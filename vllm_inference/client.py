"""`python -m vllm_inference.client` is `python -m tensorrt_tts.client`, for any backend."""

import sys

from tensorrt_tts.client.__main__ import main

if __name__ == "__main__":
    sys.exit(main())

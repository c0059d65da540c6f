"""`python -m vllm_inference.client` is `python -m tensorrt_tts.client`, of every backend's server."""

import sys

from tensorrt_tts.client.__main__ import main

if __name__ == "__main__":
    sys.exit(main())

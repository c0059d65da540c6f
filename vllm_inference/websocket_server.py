"""`python -m vllm_inference.websocket_server`: the WebSocket server, speaking through vLLM.

The server is `tensorrt_tts.server`, with its settings, flags and page; only the backend is chosen
here. Every flag of `python -m tensorrt_tts.server --help` works.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tensorrt_tts.server.__main__ import main as serve


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code. See `tensorrt_tts.errors` for what each one means."""
    given = sys.argv[1:] if arguments is None else arguments
    return serve(["--backend", "vllm", *given])


if __name__ == "__main__":  # vLLM starts its processes by importing this module again
    sys.exit(main())

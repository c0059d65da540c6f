"""Streaming speech from text-to-speech language models: the run-time half of the toolkit.

Importing this package imports no torch, no transformers and no engine.
"""

__version__ = "0.1.0"

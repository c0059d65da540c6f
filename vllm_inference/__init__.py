"""The vLLM backend, its server entry and its examples.

Nothing here imports vllm until an engine is started.
"""

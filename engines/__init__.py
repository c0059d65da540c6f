"""Checkpoint to engine directory: recipes per model, GPU and precision; plan, build, check.

Everything that can be known before a GPU is rented is pure and runs anywhere; `tensorrt_llm` is
imported only inside `engines.toolchain`, at the moment of building.
"""

"""A "cpu" backend for Triton that compiles nothing, for tests.

vLLM's V2 model runner is written in Triton, whose CPU backend has to be built from its source.
Triton can also interpret kernels (TRITON_INTERPRET=1), without a backend; vLLM only has to find
one. With the folder above on PYTHONPATH it does, by the entry point beside this package, and the
real V2 runner runs on a CPU: slowly, and every kernel as it is written.
"""

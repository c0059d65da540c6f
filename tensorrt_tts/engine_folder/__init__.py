"""What an engine folder is: read when one is served or checked, written by `engines` at a build.

Also the checkpoint it is made of, the GPU it runs on and the `tensorrt_llm` releases that run it.
Importing this package or any of its modules imports neither torch nor `tensorrt_llm`.
"""

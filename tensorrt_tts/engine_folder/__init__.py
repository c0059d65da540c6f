"""What an engine folder is, and the checkpoint it is made of: read wherever one is run or checked,
written by `engines`. Nothing here imports torch or `tensorrt_llm` before it is called for."""

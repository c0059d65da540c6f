"""TensorRT-LLM: engines of its TensorRT backend, and checkpoints on its PyTorch backend."""

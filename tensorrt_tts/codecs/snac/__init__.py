"""SNAC: on torch by windows or with state, on ONNX Runtime, and as a TensorRT engine."""

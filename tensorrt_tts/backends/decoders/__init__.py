"""Steps of a language model for many sequences at once, each as exact as if it were alone.

A sequence's logits are the same bits whatever runs beside it, so equal seeds give equal ids.
`choose.decoder` picks who computes them: ONNX Runtime a small model on a CPU, torch the others.
"""

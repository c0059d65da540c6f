"""Text before it becomes a prompt: normalisation, sentence segments, phonemes. No torch."""

"""PCM and its containers."""

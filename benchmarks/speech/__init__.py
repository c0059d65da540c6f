"""What is said, and how it sounds: texts, word times, voices, streamed against batch."""

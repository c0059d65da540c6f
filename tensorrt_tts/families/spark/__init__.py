"""The Spark-TTS family: Qwen2 backbones that write a speaker in 32 tokens, then BiCodec's steps.
Pure; no torch."""

"""BiCodec (Spark-TTS): semantic steps and 32 tokens of a speaker to 16 kHz speech, on torch."""

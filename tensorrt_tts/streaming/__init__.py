"""Streaming decode: from audio tokens to PCM, exactly and in bounded work."""

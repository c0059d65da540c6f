"""Codecs: tokens to samples. Each declares what it sees (`context.CodecContext`)."""

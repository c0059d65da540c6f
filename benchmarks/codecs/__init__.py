"""What decoding costs, and what is heard of it: codecs by themselves."""

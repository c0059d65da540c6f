"""The stages of the normaliser, each a pass or a few over the text. Their order is `pipeline.py`."""

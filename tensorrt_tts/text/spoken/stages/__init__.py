"""The stages of the normaliser, each a few passes over the text; `pipeline.py` has their order."""

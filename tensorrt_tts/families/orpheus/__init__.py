"""The Orpheus family: Llama backbones that write SNAC frames of seven tokens. Pure; no torch."""

"""The recipe files, one per model; read by `engines.recipe`."""

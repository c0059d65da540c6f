"""What a GPU reaches: its ceilings, the engine and the codec alone, and the whole server."""

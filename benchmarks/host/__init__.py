"""What a server carries when the model costs nothing, and whether it stays as it is."""

"""A client of `/ws/tts`, and why a socket to a server did not open."""

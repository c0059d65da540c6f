"""Who asks a server, for what, how many at a time, and over which protocol."""

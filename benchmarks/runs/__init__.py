"""A run: its log, who else is told, how late the client was, and what all of it says."""

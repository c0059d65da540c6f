"""Hindi for the demo voice: its sentences, their spelling as a prompt, and their pronunciation."""

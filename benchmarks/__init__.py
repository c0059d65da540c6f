"""Clients that measure: load, playback, sweeps, quality; and the run logs they write."""

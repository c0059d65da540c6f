"""Builders shared by the tests: small random checkpoints."""

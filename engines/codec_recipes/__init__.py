"""Recipes of codec engines, one TOML file per codec."""

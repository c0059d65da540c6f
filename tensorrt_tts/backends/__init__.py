"""Backends: what turns prompt ids into audio token ids (`base.Backend`)."""

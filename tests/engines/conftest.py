"""The fixtures of those who build: a checkpoint, a host and a plan small enough."""

from tests.support.engine_builds import checkpoint, copy, double, host, make_plan  # noqa: F401

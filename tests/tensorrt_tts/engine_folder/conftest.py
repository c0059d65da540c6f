"""The fixtures of those who build: a checkpoint, a host and a plan small enough."""

from tests.engines.conftest import checkpoint, double, host, make_plan  # noqa: F401

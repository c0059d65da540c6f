"""These tests need an environment of their own (`make test-modelopt`); elsewhere none is found."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("modelopt") else ["test_*.py"]

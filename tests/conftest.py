"""Shared test settings: no hub access, and one thread for torch and its kin.

Two busy test processes with two threads each on two cores spend their time waiting for one another.
"""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

# A property is not wrong because the machine was busy: hypothesis's own clocks are off, pytest's
# timeout stands. The default suite tries the same examples every time, so a change is judged by
# what it changed; `make test-search` looks for new ones, many more of them.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_COMMON)
settings.register_profile("search", max_examples=1000, print_blob=True, **_COMMON)
settings.load_profile("repeatable")

"""What these packages of others are warned of, by Python and by themselves, is not ours to mend."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")

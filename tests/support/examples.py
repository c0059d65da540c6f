"""How many examples a costly property tries."""

from hypothesis import settings


def examples(count: int) -> int:
    """`count` in the default suite, where the others try a hundred; in proportion in a search."""
    assert settings.default is not None
    return max(1, count * settings.default.max_examples // 100)

import re

import pytest

from tensorrt_tts import errors


def tree(root: type[errors.TTSError]) -> list[type[errors.TTSError]]:
    return [root, *(sub for child in root.__subclasses__() for sub in tree(child))]


@pytest.mark.parametrize("kind", tree(errors.TTSError), ids=lambda kind: kind.__name__)
def test_the_docstring_draws_the_tree_as_it_is(kind: type[errors.TTSError]) -> None:
    assert errors.__doc__ is not None
    row = r"\s+".join(
        map(str, (kind.__name__, kind.exit_code, kind.http_status, kind.close_code, kind.code))
    )
    assert re.search(row, re.sub(r"\n[│ ]+(?=\d)", " ", errors.__doc__)), row


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in tree(errors.TTSError)]
    assert len(codes) == len(set(codes))

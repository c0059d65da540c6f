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


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("first line\nand more"), "first line"),
        (ValueError("\n  indented   line\n"), "indented line"),
        (ValueError(), "ValueError"),
        (KeyError("weight_map"), "KeyError: 'weight_map'"),
        (IndexError("3"), "IndexError: 3"),
        (
            RuntimeError("Error(s) in loading:\n\tsize mismatch"),
            "Error(s) in loading: size mismatch",
        ),
        (RuntimeError("nothing follows:"), "nothing follows:"),
        (ValueError("x" * 200), "x" * 159 + "…"),
    ],
)
def test_what_a_library_says_is_one_line(error: Exception, says: str) -> None:
    assert errors.reason(error) == says


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in tree(errors.TTSError) if "code" in vars(kind)]
    assert len(codes) == len(set(codes))

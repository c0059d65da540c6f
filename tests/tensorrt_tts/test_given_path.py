from pathlib import Path

import pytest

from tensorrt_tts.checkpoint_folder import given_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("~/engines", "/home/me/engines"),
        ("~", "/home/me"),
        ("~nobody-of-this-name/x", "~nobody-of-this-name/x"),
        ("a ~/b", "a ~/b"),
        ("/vol/a b", "/vol/a b"),
    ],
)
def test_a_path_as_people_write_it(given: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert given_path(given) == Path(meant)

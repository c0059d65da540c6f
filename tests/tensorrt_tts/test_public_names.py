"""What the package exports: sorted, there, typed, and nothing heavy to import."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tensorrt_tts
import tensorrt_tts.client


@pytest.mark.parametrize("package", [tensorrt_tts, tensorrt_tts.client])
def test_they_are_sorted_and_there(package: ModuleType) -> None:
    assert list(package.__all__) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    assert set(package.__all__) <= set(dir(package))


def test_those_of_the_client() -> None:
    names = ["AsyncClient", "AsyncSpeech", "Client", "Report", "Speech", "SpeechFields"]
    assert tensorrt_tts.client.__all__ == names


def test_a_type_checker_sees_the_same() -> None:
    tree = ast.parse(Path(tensorrt_tts.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"tensorrt_tts.{home}" for name, home in tensorrt_tts._HOMES.items()}


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Production'"):
        tensorrt_tts.Production  # noqa: B018


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys, tensorrt_tts; [getattr(tensorrt_tts, n) for n in tensorrt_tts.__all__];"
        "heavy = {'torch', 'transformers', 'vllm', 'tensorrt_llm', 'snac', 'fastapi'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")

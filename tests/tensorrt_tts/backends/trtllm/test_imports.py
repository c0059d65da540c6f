"""Nothing here imports tensorrt_llm before it is asked for; a worker may import what started it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def modules() -> list[Path]:
    packages = ("tensorrt_tts", "engines", "vllm_inference", "benchmarks", "deploy")
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return [*found, *ROOT.glob("*.py")]


def imported(path: Path) -> set[str]:
    """Packages that a module imports when it is imported itself."""
    names: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.split(".")[0] for name in names}


def test_tensorrt_llm_is_never_imported_at_module_level() -> None:
    found = [path for path in modules() if imported(path) & {"tensorrt_llm", "tensorrt"}]
    assert len(modules()) > 200
    assert found == []


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if path.name == "__main__.py" or path.parent == ROOT],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_entry_modules_do_nothing_when_a_worker_imports_them(path: Path) -> None:
    def guarded(node: ast.stmt) -> bool:
        return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)

    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        assert guarded(node) or not called, f"{path}:{node.lineno} runs on import"


def test_imports_with_tensorrt_llm_blocked() -> None:
    code = (
        "import sys; sys.modules['tensorrt_llm'] = None; sys.modules['tensorrt'] = None;"
        "import tensorrt_tts.backends.trtllm.backend, tensorrt_tts.backends.trtllm.opening;"
        "import tensorrt_tts.codecs.fixed_window"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)

"""Imports point down, and in no circle. Every one counts: in functions too, and for types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    "inference_a100_optimized",
    "deploy plot_metrics demo_voice",
    "benchmarks",
    "benchmarks.commands",
    "benchmarks.device",
    "benchmarks.host",
    "benchmarks.load benchmarks.codecs benchmarks.speech benchmarks.doubles",
    "benchmarks.runs",
    "benchmarks.listener",
    "benchmarks.prompts benchmarks.scoring",
    "engines vllm_inference",
    "tensorrt_tts tensorrt_tts.__main__ tensorrt_tts.cli tensorrt_tts.server tensorrt_tts.client",
    "tensorrt_tts.loading",
    "tensorrt_tts.synthesizer tensorrt_tts.speech_task tensorrt_tts.request_text "
    "tensorrt_tts.kept_voice tensorrt_tts.prepared tensorrt_tts.speech "
    "tensorrt_tts.speech_model tensorrt_tts.stream_options tensorrt_tts.word_timeline",
    "tensorrt_tts.families tensorrt_tts.backends tensorrt_tts.codecs tensorrt_tts.text "
    "tensorrt_tts.audio tensorrt_tts.engine_folder",
    "tensorrt_tts.*",  # values: errors, files, playback, …
)
"""From the top down. A name stands for what lies below it too; the longest that fits counts. The
package `tensorrt_tts` itself, its public names, is in the layer where it stands alone."""

Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """By dotted name: the packages at `root`, and its modules."""
    packages = [path.parent for path in root.glob("*/__init__.py") if path.parent.name != "tests"]
    found = [*root.glob("*.py"), *(path for package in packages for path in package.rglob("*.py"))]
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in found
    }


def imports(root: Path) -> Graph:
    """Which of our modules each of our modules imports."""
    paths = modules(root)
    return {
        name: {found for found in _imported(name, path, paths) if found != name}
        for name, path in paths.items()
    }


def _imported(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            asked = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            asked = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for dotted in asked:
            while dotted and dotted not in known:  # a name in a module, or a name in that
                dotted = dotted.rpartition(".")[0]
            if dotted:
                yield dotted


def circle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def between_packages(graph: Graph, parent: str) -> Graph:
    """The same graph, of what lies in `parent`: a package there is one, with all of its modules."""
    known = {name: ".".join(name.split(".")[:2]) for name in graph if name.startswith(f"{parent}.")}
    found: Graph = {package: set() for package in known.values()}
    for module, package in known.items():
        found[package] |= {known[name] for name in graph[module] if name in known} - {package}
    return found


def layer(module: str) -> int:
    """0 is the top. Raises LookupError for a package that has none."""
    levels = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
    if module in levels:
        return levels[module]
    while "." in module:
        module = module.rpartition(".")[0]
        for name in (f"{module}.*", module):
            if name in levels:
                return levels[name]
    raise LookupError(f"{module} is in no layer; give it one in {Path(__file__).name}")


def upward(graph: Graph) -> list[str]:
    return sorted(
        f"{module} → {imported}"
        for module, found in graph.items()
        for imported in found
        if layer(imported) < layer(module)
    )


@pytest.fixture(scope="module")
def ours() -> Graph:
    return imports(ROOT)


def test_no_import_points_up(ours: Graph) -> None:
    assert "\n".join(upward(ours)) == ""


def test_no_imports_form_a_circle(ours: Graph) -> None:
    assert " → ".join(circle(ours)) == ""


def test_the_groups_of_the_benchmarks_form_no_circle(ours: Graph) -> None:
    """Those of one layer neither: each can be read without the others."""
    found = between_packages(ours, "benchmarks")
    assert " → ".join(circle(found)) == ""
    assert "benchmarks.runs" in found["benchmarks.load"]


def test_the_tree_is_all_there(ours: Graph) -> None:
    """What is not found cannot point up."""
    assert {name.partition(".")[0] for name in ours} >= {
        *("inference_a100_optimized", "deploy", "plot_metrics", "demo_voice", "benchmarks"),
        *("engines", "vllm_inference", "tensorrt_tts"),
    }
    assert "tensorrt_tts.errors" in ours["tensorrt_tts.loading"]


def test_every_layer_is_of_modules_that_there_are() -> None:
    named = {name.removesuffix(".*") for names in LAYERS for name in names.split()}
    assert named - set(modules(ROOT)) == set()


@pytest.mark.parametrize(
    ("module", "level"),
    [
        ("deploy.jobs.speaker", 1),
        ("benchmarks.command_line", 2),
        ("benchmarks.codecs.paced", 6),
        ("engines", 10),
        ("tensorrt_tts", 11),
        ("tensorrt_tts.server.protocols.ws_tts", 11),
        ("tensorrt_tts.codecs.snac.stages", 14),
        ("tensorrt_tts.errors", 15),
    ],
)
def test_layers(module: str, level: int) -> None:
    assert layer(module) == level


def test_a_package_without_a_layer_is_told() -> None:
    with pytest.raises(LookupError, match="newcomer is in no layer"):
        layer("newcomer.module")


def tree(root: Path, **sources: str) -> Path:
    """Modules by dotted name (with `__` for the dot), and the packages around them."""
    for name, source in sources.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()
        path.write_text(source, encoding="utf-8")
    return root


UPWARD = {
    "plain": "import engines.plan",
    "from the package": "from engines import plan",
    "a name": "from engines.plan import Plan",
    "under another name": "import engines.plan as below",
    "in a function": "def load():\n    from engines.plan import Plan\n    return Plan",
    "for types": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from engines.plan import Plan"
    ),
}


@pytest.mark.parametrize("source", UPWARD.values(), ids=UPWARD)
def test_an_upward_import_is_found_wherever_it_stands(tmp_path: Path, source: str) -> None:
    tree(tmp_path, engines__plan="Plan = 1", tensorrt_tts__errors=source)
    assert upward(imports(tmp_path)) == ["tensorrt_tts.errors → engines.plan"]


def test_a_downward_import_is_none(tmp_path: Path) -> None:
    tree(tmp_path, engines__plan="import tensorrt_tts.errors, json", tensorrt_tts__errors="")
    assert upward(imports(tmp_path)) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tensorrt_tts.codecs.snac.codec", "from tensorrt_tts.loading import load_model"),
        ("tensorrt_tts.loading", "from tensorrt_tts.server.app import app"),
        ("tensorrt_tts.errors", "from tensorrt_tts.codecs import snac"),
        ("tensorrt_tts.codecs.snac.codec", "from tensorrt_tts import speak"),
    ],
)
def test_the_toolkits_own_layers(tmp_path: Path, module: str, source: str) -> None:
    empty = ("loading", "server__app", "codecs__snac", "errors")
    tree(tmp_path, **{f"tensorrt_tts__{name}": "" for name in empty})
    tree(tmp_path, **{module.replace(".", "__"): source})
    (found,) = upward(imports(tmp_path))
    assert found.startswith(f"{module} → tensorrt_tts")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("listener.player", "from benchmarks.runs import summary"),
        ("runs.summary", "from benchmarks.load.session import Session"),
        ("codecs.paced", "from benchmarks.device.ceilings import release"),
        ("host.capacity", "from benchmarks.commands import host"),
        ("scoring.wer", "import benchmarks.command_line"),
    ],
)
def test_the_layers_of_the_benchmarks(tmp_path: Path, module: str, source: str) -> None:
    empty = ("command_line", "commands__host", "device__ceilings", "load__session", "runs__summary")
    tree(tmp_path, **{f"benchmarks__{name}": "" for name in empty})
    tree(tmp_path, **{f"benchmarks__{module.replace('.', '__')}": source})
    (found,) = upward(imports(tmp_path))
    assert found.startswith(f"benchmarks.{module} → benchmarks.")


def test_groups_that_import_one_another_are_found(tmp_path: Path) -> None:
    """By modules of which no two do."""
    tree(tmp_path, benchmarks__codecs__paced="import benchmarks.speech.word_times")
    tree(tmp_path, benchmarks__speech__text_cost="from benchmarks.codecs import seams")
    tree(tmp_path, benchmarks__speech__word_times="", benchmarks__codecs__seams="")
    found = imports(tmp_path)
    assert (circle(found), upward(found)) == ([], [])
    assert set(circle(between_packages(found, "benchmarks"))) == {
        "benchmarks.codecs",
        "benchmarks.speech",
    }


CIRCLES = {
    "two": {"a__x": "from a import y", "a__y": "from a.x import name"},
    "three": {"a__x": "import b.y", "b__y": "import c.z", "c__z": "import a.x"},
    "in functions": {
        "a__x": "def f():\n    from a import y",
        "a__y": "def g():\n    from a import x",
    },
    "relative": {"a__x": "from . import y", "a__y": "from .x import name"},
}


@pytest.mark.parametrize("sources", CIRCLES.values(), ids=CIRCLES)
def test_a_circle_is_found(tmp_path: Path, sources: dict[str, str]) -> None:
    found = circle(imports(tree(tmp_path, **sources)))
    assert found[0] == found[-1]
    assert set(found) == {name.replace("__", ".") for name in sources}


def test_a_line_is_no_circle(tmp_path: Path) -> None:
    assert circle(imports(tree(tmp_path, a__x="import a.y", a__y="import b.z", b__z=""))) == []

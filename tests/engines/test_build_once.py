"""The skeleton of every build: found, waited for, or made anew and described."""

import threading

import pytest

from engines.build_once import build_once, describe_build, package_versions
from engines.progress import Progress
from tensorrt_tts.engine_folder.manifest import NAME, Inputs, read_manifest
from tensorrt_tts.errors import EngineError, EngineMismatchError

INPUTS = Inputs(
    kind="test", checkpoint="0" * 64, recipe={}, product="a GPU", capability="8.0", versions={}
)


class Builder:
    """Builds `target`; counts how often, and keeps what was noted."""

    def __init__(self, folder):
        self.target = folder / "engine"
        self.filled = 0
        self.notes = []
        self.during = lambda: None

    def fill(self, folder):
        self.filled += 1
        self.during()
        (folder / "plan").write_bytes(b"plan")
        describe_build(folder, INPUTS, self.target, {}, {"torch": "2"}, Progress())

    def build(self, inputs=INPUTS, **more):
        progress = Progress()
        progress.note = self.notes.append
        return build_once(
            self.target, inputs, self.fill, progress, phases=1, waiting="wait", **more
        )


@pytest.fixture
def builder(tmp_path):
    return Builder(tmp_path)


def test_what_is_whole_is_not_built_again(builder):
    first, second = builder.build(), builder.build()
    assert (first.fresh, second.fresh, builder.filled) == (True, False, 1)
    assert first.folder == second.folder == builder.target
    assert builder.notes == []


def test_the_manifest_describes_every_file(builder):
    manifest = read_manifest(builder.build().folder)
    assert (manifest.inputs, manifest.key) == (INPUTS, INPUTS.key)
    assert manifest.environment == {"torch": "2"}
    assert set(manifest.files) == {"plan"}


@pytest.mark.parametrize("damage", ["shorter", "gone", "no manifest", "a bad manifest", "a file"])
def test_what_is_not_whole_is_moved_away_and_built(builder, damage):
    target = builder.build().folder
    if damage == "shorter":
        (target / "plan").write_bytes(b"pla")
    elif damage == "gone":
        (target / "plan").unlink()
    elif damage == "no manifest":
        (target / NAME).unlink()
    elif damage == "a bad manifest":
        (target / NAME).write_text("{")
    else:
        (target / "plan").unlink()
        (target / NAME).unlink()
        target.rmdir()
        target.write_text("")
    assert builder.build().fresh
    assert (builder.filled, (target / "plan").read_bytes()) == (2, b"plan")
    assert [path.name for path in target.parent.glob("[!.]*")] == [target.name]


def test_other_inputs_are_another_engine(builder):
    builder.build()
    assert builder.build(INPUTS.model_copy(update={"product": "another GPU"})).fresh


def test_a_found_engine_has_to_pass_the_check_and_a_new_one_has_not(builder):
    seen = []

    def refuse(folder):
        seen.append(folder)
        raise EngineMismatchError("built when the check was less thorough")

    assert builder.build(check=refuse).fresh
    assert seen == []
    assert builder.build(check=refuse).fresh
    assert seen == [builder.target]
    assert not builder.build(check=seen.append).fresh


def test_what_a_check_raises_beside_engine_errors_passes_through(builder):
    builder.build()

    def broken(folder):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        builder.build(check=broken)
    assert not builder.build().fresh


def test_the_second_of_two_says_once_that_it_waits(builder):
    filling, released, results = threading.Event(), threading.Event(), []

    def pause():
        filling.set()
        assert released.wait(60)

    builder.during = pause
    first = threading.Thread(target=lambda: results.append(builder.build()))
    first.start()
    assert filling.wait(60)

    class Notes(list):
        def append(self, text):
            super().append(text)
            released.set()

    builder.notes = Notes()
    results.append(builder.build())
    first.join()
    assert builder.notes == ["wait"]
    assert (builder.filled, sorted(result.fresh for result in results)) == (1, [False, True])


def test_a_build_that_fails_leaves_nothing(builder):
    def fail():
        raise EngineError("no memory")

    builder.during = fail
    with pytest.raises(EngineError, match="no memory"):
        builder.build()
    assert [path for path in builder.target.parent.iterdir() if path.is_dir()] == []


def test_versions_of_packages():
    found = package_versions("pytest", "no-such-package")
    assert found == {"pytest": pytest.__version__, "no-such-package": "not installed"}

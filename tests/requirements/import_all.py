"""Run by the Python of `make test-trtllm-install`: imports every module of the packages named on
standard input, in this one process, and prints what each package brought and what was raised."""

import contextlib
import importlib
import importlib.metadata
import json
import re
import sys
from collections import defaultdict


def modules() -> dict[str, list[str]]:
    """Package to the modules it brings, less those that are private to it."""
    found = defaultdict(list)
    for module, packages in importlib.metadata.packages_distributions().items():
        if module.isidentifier() and not module.startswith("_"):
            for package in packages:
                found[re.sub(r"[-_.]+", "-", package).lower()].append(module)
    return found


def failure(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


def main() -> None:
    brought = modules()
    with contextlib.redirect_stdout(sys.stderr):  # some greet
        result = {
            package: {module: failure(module) for module in brought.get(package, [])}
            for package in json.load(sys.stdin)
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()

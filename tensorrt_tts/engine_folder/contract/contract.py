"""Reading and applying the contract files. Pure but for the file read."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.errors import EngineError


class Callable(BaseModel):
    """One function, class or method of the package, or a table of settings by its keys.

    path: dotted import path. parameters: name to default; required ones are listed in `required`
    and have no default worth knowing. refused: names that exist elsewhere in the package but that
    this callable rejects or ignores, with the reason. evidence: where the list was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    parameters: dict[str, Any]
    required: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)
    evidence: str


class Contract(BaseModel):
    """All callables of one release. requires: the versions around it that images pin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str
    version: str
    requires: dict[str, str]
    sources: tuple[str, ...]
    callables: dict[str, Callable]
    enums: dict[str, tuple[str, ...]]

    def check(self, name: str, keywords: Iterable[str]) -> None:
        """Raises EngineError unless every keyword is a parameter of that callable and every
        required one is given."""
        callable_ = self.callables.get(name)
        if callable_ is None:
            raise EngineError(f"{name} is not in the contract of {self.package} {self.version}")
        given = set(keywords)
        for keyword in sorted(given - set(callable_.parameters)):
            reason = callable_.refused.get(keyword)
            if reason is None:
                near = get_close_matches(keyword, callable_.parameters, n=1)
                reason = f"did you mean {near[0]!r}?" if near else "no such parameter"
            raise EngineError(
                f"{name} of {self.package} {self.version} does not take {keyword!r}: {reason}"
            )
        missing = [keyword for keyword in callable_.required if keyword not in given]
        if missing:
            raise EngineError(f"{name} of {self.package} {self.version} needs {', '.join(missing)}")

    def checked(self, name: str, **keywords: Any) -> dict[str, Any]:
        """The keywords themselves, once `check` has passed them."""
        self.check(name, keywords)
        return keywords

    def check_enum(self, name: str, value: str) -> str:
        """The value, if it is a member of that enum; EngineError otherwise."""
        members = self.enums[name]
        if value not in members:
            raise EngineError(
                f"{value!r} is not a {name} of {self.package} {self.version}; "
                f"members: {', '.join(members)}"
            )
        return value


@cache
def contract_for(version: str) -> Contract:
    """The contract of `version`, one of the releases with a file ("1.2.1", "0.21.0")."""
    resource = files("tensorrt_tts.engine_folder.contract").joinpath(f"trtllm-{version}.json")
    return Contract.model_validate_json(resource.read_text(encoding="utf-8"))

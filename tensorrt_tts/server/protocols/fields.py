"""Fields of HTTP requests and messages, checked: the first one that is wrong, in one sentence.
Pure."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError

from tensorrt_tts.audio.audio_source import HIGHEST_RATE, LOWEST_RATE
from tensorrt_tts.audio.time_stretch import FASTEST, SLOWEST
from tensorrt_tts.errors import InputError
from tensorrt_tts.request_settings import RANGES
from tensorrt_tts.validation import first_problem

Fields = TypeVar("Fields", bound=BaseModel)

SampleRate = Annotated[int, Field(ge=LOWEST_RATE, le=HIGHEST_RATE)]
"""Hz that are asked for."""

Speed = Annotated[float, Field(ge=SLOWEST, le=FASTEST)]
"""2 is twice as fast."""

JSON_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
}
"""In JSON's own words: whoever reads them may have no Python."""


def sampling_field(name: str) -> Any:
    """Of a model: what `SpeechRequest` calls so, in its range or null. (JSON has no NaN.)"""
    low, high = RANGES[name]
    return Field(default=None, ge=low, le=high)


def json_object(content: bytes | str, example: str, what: str = "body") -> dict[str, Any]:
    """example: one that would do. what: to call it in a message. Raises InputError."""
    try:
        # Files of Windows editors begin with a mark, and clients send files as they are.
        bare = content if isinstance(content, str) else content.removeprefix(BOM_UTF8)
        fields = orjson.loads(bare)
    except orjson.JSONDecodeError as error:
        raise invalid(
            f"{what} is not JSON ({error}); send an object such as {example}", None, "invalid_json"
        ) from error
    if not isinstance(fields, dict):
        raise invalid(
            f"{what} is a JSON {JSON_KINDS[type(fields)]}, not an object", None, "invalid_type"
        )
    return fields


def checked(fields: Mapping[str, Any], kind: type[Fields]) -> Fields:
    """Fields as they came, of a JSON object or of a query. Raises InputError."""
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise wrong_field(error, kind) from error


def checked_object(
    content: bytes | str, kind: type[Fields], example: str, what: str = "body"
) -> Fields:
    """`checked` behind `json_object`."""
    return checked(json_object(content, example, what), kind)


def invalid(
    message: str, field: str | None, code: str = "invalid_value", status: int = 400
) -> InputError:
    """code: OpenAI's word for what is wrong with the field, or ours where it has none."""
    error = InputError(message)
    error.field, error.code, error.http_status = field, code, status
    return error


def wrong_field(error: ValidationError, kind: type[BaseModel]) -> InputError:
    problem = error.errors(include_url=False)[0]
    what, field = problem["type"], str(problem["loc"][0]) if problem["loc"] else ""
    if what == "missing" and len(problem["loc"]) == 1:
        return invalid(f"field {field!r} is missing", field, "missing_required_parameter")
    if what == "extra_forbidden" and len(problem["loc"]) == 1:
        known = ", ".join(sorted(kind.model_fields))
        return invalid(
            f"field {field[:40]!r} is unknown; the fields are: {known}",
            field[:40],
            "unknown_parameter",
        )
    wrong_kind = what.endswith(("_type", "_from_float"))
    code = "invalid_type" if wrong_kind else "invalid_value"
    return invalid(f"{first_problem(error)}; correct it", field, code)


def name_in(text: str | None, field: str, longest: int | None = None) -> str | None:
    """What a message that was refused calls itself, so that its sender knows which; None where it
    is no JSON, has no such field or a longer one."""
    try:
        content = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    name = content.get(field) if isinstance(content, dict) else None
    fits = isinstance(name, str) and (longest is None or len(name) <= longest)
    return name if fits else None

"""Routes that read their request themselves, in the words of OpenAPI. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

EVENTS = "text/event-stream"

_AUDIO = {"schema": {"type": "string"}}

_EVENTS = {
    "itemSchema": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}, "event": {"type": "string"}},
    }
}
"""Of each event, as OpenAPI 3.2 and FastAPI have it; its `data` is JSON."""

_MEANINGS = {
    200: "The audio",
    400: "A field is wrong: the message names it",
    404: "What is asked for by name is not there",
    408: "The body did not come in time",
    413: "The body is too long",
    415: "The body is not called JSON",
    500: "The model or the server failed",
    503: "Full, draining, or the engine died: `Retry-After` says when to come back",
    504: "The model did not answer in time",
}


UNHEALTHY: dict[int | str, dict[str, Any]] = {503: {"model": dict[str, str]}}
"""Of a probe."""

METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
}


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """Of a request. Its schema is whole in itself: what it refers to is put in its place."""
    return {"required": True, "content": {"application/json": {"schema": _whole(kind)}}}


def speech_responses(
    content_types: Iterable[str], error: Mapping[str, Any], said: Mapping[int, str] | None = None
) -> dict[int | str, dict[str, Any]]:
    """content_types: of what a 200 may hold. error: the schema of every other answer. said: what a
    status means, where a route can say it more exactly."""
    meanings = {**_MEANINGS, **(said or {})}
    return {
        200: {
            "description": meanings.pop(200),
            "content": {kind: _EVENTS if kind == EVENTS else _AUDIO for kind in content_types},
        },
        **{
            status: {"description": meaning, "content": {"application/json": {"schema": error}}}
            for status, meaning in meanings.items()
        },
    }


def query_parameters(kind: type[BaseModel]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in _whole(kind)["properties"].items()
    ]


def _whole(kind: type[BaseModel]) -> dict[str, Any]:
    schema = kind.model_json_schema()
    definitions = schema.pop("$defs", {})

    def filled_in(part: Any) -> Any:
        if isinstance(part, list):
            return [filled_in(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return filled_in(definitions[part["$ref"].rpartition("/")[2]])
        return {key: filled_in(value) for key, value in part.items()}

    whole: dict[str, Any] = filled_in(schema)
    return whole

"""`POST /v1/audio/speech` in the words of OpenAPI. Pure."""

from __future__ import annotations

from typing import Any

from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.server.protocols.openai_wire import FORMATS, SpeechBody

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}

_STATUSES = {
    400: "A field is wrong: `param` names it",
    404: "The model is not served here",
    408: "The body did not come in time",
    413: "The body is too long",
    415: "The body is not called JSON",
    500: "The model or the server failed",
    503: "Full, draining, or the engine died: `Retry-After` says when to come back",
    504: "The model did not answer in time",
}


def _request_schema() -> dict[str, Any]:
    """Whole in itself: what it refers to is put in its place."""
    schema = SpeechBody.model_json_schema()
    for definition in schema.pop("$defs").values():
        schema["properties"]["voice"]["anyOf"][1] = definition
    return schema


SPEECH_BODY = {"required": True, "content": {"application/json": {"schema": _request_schema()}}}

SPEECH_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The audio, or events with it (`stream_format: sse`)",
        "content": {
            **{ENCODINGS[name].content_type: {"schema": {"type": "string"}} for name in FORMATS},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    **{
        status: {"description": said, "content": {"application/json": {"schema": _ERROR}}}
        for status, said in _STATUSES.items()
    },
}

"""`POST /v1/audio/speech` in the words of OpenAPI. Pure."""

from __future__ import annotations

from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.server.protocols.openai_wire import FORMATS, SpeechBody
from tensorrt_tts.server.protocols.route_description import EVENTS, json_body, speech_responses

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

SPEECH_BODY = json_body(SpeechBody)

SPEECH_RESPONSES = speech_responses(
    (*(ENCODINGS[name].content_type for name in FORMATS), EVENTS),
    _ERROR,
    {
        200: "The audio, or events with it (`stream_format: sse`)",
        400: "A field is wrong: `param` names it",
        404: "The model is not served here",
    },
)

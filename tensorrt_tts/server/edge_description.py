"""What `/openapi.json` says of keys, origins and limits, on whatever routes there are. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token KEY`, as Deepgram's clients send it",
    },
    "x_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "xi_api_key": {"type": "apiKey", "in": "header", "name": "xi-api-key"},
}
"""Any one of them is enough. Of WebSockets OpenAPI knows nothing."""

_ERROR = {"application/json": {"schema": {"type": "object", "required": ["error"]}}}


def describe_edges(
    description: dict[str, Any],
    keys_needed: bool,
    is_open: Callable[[str], bool],
    paid_for: bool = False,
) -> None:
    """Makes an OpenAPI document whole. is_open: of a path that needs no key in spite of some.
    paid_for: there is an accountant."""
    if keys_needed:
        schemes = description.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes.update(SCHEMES)
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            told = operation["responses"]
            told.pop("422", None)  # FastAPI's own answer, which no route here gives
            content = told.get("400", {}).get("content", _ERROR)
            if keys_needed and not is_open(path):
                operation["security"] = [{name: []} for name in SCHEMES]
                told.setdefault("401", {"description": "No key that is known", "content": content})
                if method == "post":
                    said = "The key's limit: `Retry-After` says when to come back"
                    told.setdefault("429", {"description": said, "content": content})
            if paid_for and method == "post":
                said = "Nothing that is paid for is left"
                told.setdefault("402", {"description": said, "content": content})
            if method != "get":
                said = "A web page of another site"
                told.setdefault("403", {"description": said, "content": content})

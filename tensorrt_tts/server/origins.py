"""Web pages by their origin: those named in the setting, and the server's own. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from tensorrt_tts.validation import shown

ANY = "*"

PRIVATE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that no site on the internet can have: RFC 6761, 6762, 8375, ICANN's .internal, and
.lan, which is not handed out. Neither are names without a dot."""

_PORTS = {"http": ":80", "https": ":443"}

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*]+")


def parse_origins(given: Iterable[str]) -> tuple[str, ...]:
    """As browsers write them. Raises ValueError for what is none."""
    return tuple(map(_parse, given))


def _parse(given: str) -> str:
    origin = given.lower().removesuffix("/")
    if origin not in (ANY, "null") and not _ORIGIN.fullmatch(origin):
        raise ValueError(
            f"{shown(given)} is no origin; write scheme, host and port as in https://site.example, "
            "or * for all"
        )
    return _without_usual_port(origin)


def _without_usual_port(origin: str) -> str:
    usual = _PORTS.get(origin.partition(":")[0], "")
    return origin.removesuffix(usual) if usual else origin


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """allowed: as `parse_origins` gives them."""
    return ANY in allowed or _without_usual_port(origin.lower()) in allowed


def is_own(origin: str, host: str) -> bool:
    """Whether the page came from this server. host: the header of that name.

    A site can make its own name point to this machine (DNS rebinding); its pages then name this
    server in both headers. It has no certificate that we would answer with, and has no address and
    no name of a private network: so over plain HTTP only those are believed.
    """
    scheme, _, place = origin.lower().partition("://")
    if not place or _without_usual_port(f"{scheme}://{host.lower()}") != origin.lower():
        return False
    return scheme == "https" or (scheme == "http" and _is_private(place))


def _is_private(place: str) -> bool:
    try:
        name = urlsplit(f"//{place}").hostname or ""
        if name and (("." not in name and ":" not in name) or name.endswith(PRIVATE)):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

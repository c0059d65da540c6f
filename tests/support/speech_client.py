"""Clients of `POST /v1/audio/speech`: one that behaves, and one on a bare TCP socket that need
not."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PATH = "/v1/audio/speech"
ASKED = {"model": "tts-1", "voice": "alloy", "input": "Hello."}


@dataclass
class Reply:
    """whole: the body ended as HTTP says it has to."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def error(self) -> dict[str, Any]:
        error = json.loads(self.body)["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["message"], str)
        assert isinstance(error["type"], str)
        return error

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = self.body.decode().split("\n\n")
        assert lines.pop() == ""
        return [json.loads(line.removeprefix("data: ")) for line in lines]


def send(
    port: int,
    content: bytes,
    content_type: str | None = "application/json",
    headers: Mapping[str, str] | None = None,
    path: str = PATH,
) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = {**(headers or {}), **({"Content-Type": content_type} if content_type else {})}
    try:
        connection.request("POST", path, content, sent)
        response = connection.getresponse()
        head = {name.lower(): value for name, value in response.getheaders()}
        try:
            return Reply(response.status, head, response.read())
        except http.client.IncompleteRead as cut:
            return Reply(response.status, head, cut.partial, whole=False)
    finally:
        connection.close()


def ask(port: int, prefix: str = "", **fields: Any) -> Reply:
    return send(port, json.dumps({**ASKED, **fields}).encode(), path=prefix + PATH)


class BareRequest:
    """A request on a TCP socket, and then only what the test says."""

    def __init__(
        self,
        port: int,
        receive_buffer: int | None = None,
        prefix: str = "",
        path: str = PATH,
        **fields: Any,
    ) -> None:
        self.tcp = socket.socket()
        if receive_buffer is not None:
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.tcp.settimeout(60)
        self.tcp.connect(("127.0.0.1", port))
        self.received = b""
        content = json.dumps({**ASKED, **fields}).encode()
        head = f"POST {prefix}{path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        self.tcp.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    def read_some(self) -> None:
        """Waits for more; b"" at the end."""
        self.received += self.tcp.recv(65536)

    def has_body(self) -> bool:
        """Of what has arrived by now."""
        self.tcp.setblocking(False)
        try:
            while more := self.tcp.recv(65536):
                self.received += more
        except BlockingIOError:
            pass
        finally:
            self.tcp.settimeout(60)
        return len(self.received.partition(b"\r\n\r\n")[2]) > 0

    def vanish(self) -> None:
        """A reset."""
        linger_0_s = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0_s)
        self.tcp.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tcp.close()

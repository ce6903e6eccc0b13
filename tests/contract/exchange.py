"""What went over the wire between a bot and a playground, seen from the server's side."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from playground.rest.faulting import FAULTED

API = "/api/v10"
OWN = re.compile(r"/|/page/.*|/attachments/.*|/playground/api/.*|/gateway/?")
"""What else a playground serves: the page, files, people's own API, the gateway's handshake."""
CARELESS = "X-Careless"
"""A header of requests that are wrong on purpose: they may break the contract as long as they are refused."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request to the API and its answer. `path` is without the API's prefix, header names are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    sent_headers: Mapping[str, str] = field(default_factory=dict)
    sent: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    received: bytes = b""
    crashed: bool = False
    """The server's code failed; a status above 500 that it gives on purpose is something else."""
    stray: bool = False
    """Neither of the API nor of anything else that a playground serves; `path` is then all of it."""

    @property
    def careless(self) -> bool:
        return CARELESS.lower() in self.sent_headers

    @property
    def content_type(self) -> str:
        return self.sent_headers.get("content-type", "").partition(";")[0].strip()

    @property
    def multipart(self) -> bool:
        return self.content_type == "multipart/form-data"

    def parts(self) -> dict[str, bytes]:
        """Of a multipart body, by name."""
        header = b"Content-Type: " + self.sent_headers["content-type"].encode() + b"\r\n\r\n"
        whole = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + self.sent)
        parts = list(whole.iter_parts()) if whole.is_multipart() else []
        return {str(part.get_param("name", header="content-disposition")): _content(part) for part in parts}

    def body(self) -> Any:
        """What the request says as JSON, None where it says nothing."""
        raw = self.parts().get("payload_json", b"") if self.multipart else self.sent
        return json.loads(raw) if raw else None

    def answer(self) -> Any:
        return json.loads(self.received) if self.received else None


def _content(part: Any) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


class Tape:
    """Records every exchange of the applications that it watches."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []

    def watch(self, app: web.Application) -> None:
        app.middlewares.append(self._record)

    def taken(self) -> list[Exchange]:
        """What was recorded since the last call."""
        taken, self._exchanges = self._exchanges, []
        return taken

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(f"{API}/"):
            self._note_stray(request)
            return await handler(request)
        try:
            response = await handler(request)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception:
            path = request.rel_url.raw_path.removeprefix(API)
            self._exchanges.append(Exchange(method=request.method, path=path, status=500, crashed=True))
            raise
        if FAULTED not in request:
            self._exchanges.append(await _exchange(request, response))
        return response

    def _note_stray(self, request: web.Request) -> None:
        if not OWN.fullmatch(request.path):
            self._exchanges.append(Exchange(method=request.method, path=request.path, status=404, stray=True))


async def _exchange(request: web.Request, response: web.StreamResponse) -> Exchange:
    try:
        sent = await request.read()
    except web.HTTPRequestEntityTooLarge:
        sent = b""
    body = response.body if isinstance(response, web.Response) else b""
    return Exchange(
        method=request.method,
        path=request.rel_url.raw_path.removeprefix(API),
        query=tuple(request.query.items()),
        sent_headers={name.lower(): value for name, value in request.headers.items()},
        sent=sent,
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        received=body if isinstance(body, bytes) else b"",
    )

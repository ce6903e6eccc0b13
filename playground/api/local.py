"""Only this machine's people: who else could write in their name would own the bot behind them.

A page from elsewhere, open in a browser here, also comes from this machine. It is told by its Origin, by a Host that
is no loopback name (DNS rebinding), and by bodies that are not declared as JSON, which it may send without asking.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from playground.entities import Json
from playground.errors import ApiError, Impossible, wrong_content_type
from playground.shapes import Form, Shape, parsed, read

PREFIX = "/playground/api"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handler: Handler) -> Handler:
    """Refuses strangers with 403, and answers errors as JSON with a `message`."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if not _is_local(request):
            return reply({"message": "for this machine only"}, 403)
        try:
            return await handler(request)
        except ApiError as error:
            return reply(error.body(), error.status)
        except Impossible as error:
            return reply({"message": str(error)}, 422)

    return serve


@web.middleware
async def as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the web server itself refuses under this API, such as an unknown path, has a `message` too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if not request.path.startswith(PREFIX):
            raise
        return reply({"message": error.reason}, error.status)


def reply(body: Any, status: int = 200) -> web.Response:
    # Half a surrogate pair, as a model may send it, is JSON as an escape only.
    raw = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")
    return web.Response(status=status, body=raw, content_type="application/json")


async def body(request: web.Request, shape: Shape) -> Json:
    """Raises ApiError unless it is declared as JSON and has the shape."""
    if request.content_type != "application/json":
        raise wrong_content_type("application/json")
    given: Json = read(shape, parsed(await request.read()))
    return given


def query(request: web.Request, shape: Form) -> Json:
    """Raises ApiError unless it has the shape."""
    given: Json = read(shape, dict(request.query))
    return given


def _is_local(request: web.Request) -> bool:
    """Whether it comes from this machine, and from no page of another address: such a page reaches this one too."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return False
    return _is_loopback(request.remote or "") and _is_loopback(_hostname(request.host))


def _hostname(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

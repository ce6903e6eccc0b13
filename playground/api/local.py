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
from playground.errors import ApiError, Impossible

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
        except (KeyError, TypeError, ValueError) as error:
            return reply({"message": f"{type(error).__name__}: {error}"}, 400)

    return serve


def reply(body: Any, status: int = 200) -> web.Response:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=raw, content_type="application/json")


async def body(request: web.Request) -> Json:
    """Raises ValueError unless it is an object declared as JSON."""
    if request.content_type != "application/json":
        raise ValueError("the body must be application/json")
    parsed = json.loads(await request.read())
    if not isinstance(parsed, dict):
        raise ValueError("the body must be an object")
    return parsed


def _is_local(request: web.Request) -> bool:
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

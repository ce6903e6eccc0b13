"""Tells the world what Discord's API refused the bot: by its own rules, for its limits, or because a fault struck."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from playground import events
from playground.entities import Json
from playground.rest.api import PREFIX as API
from playground.rest.faulting import FAULTED
from playground.snowflake import id_in
from playground.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refusals(world: World) -> Middleware:
    """What is answered with 400 or more, a 429 as well, and connections that a fault broke."""

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        try:
            response = await handler(request)
        except asyncio.CancelledError:
            if FAULTED in request:
                world.emit(_refused(request, None))
            raise
        except web.HTTPException as error:
            world.emit(_refused(request, error))
            raise
        if response.status >= 400:
            world.emit(_refused(request, response))
        return response

    return look


def _refused(request: web.Request, response: web.StreamResponse | None) -> events.CallRefused:
    resource = request.match_info.route.resource
    template = resource.canonical.removeprefix(API) if resource else request.path
    return events.CallRefused(
        call=f"{request.method} {template}",
        status=response.status if response is not None else None,
        told=_told(response),
        faulted=FAULTED in request,
        channel_id=id_in(request.match_info.get("channel_id", "")),
        message_id=id_in(request.match_info.get("message_id", "")),
        token=request.match_info.get("token"),
    )


def _told(response: web.StreamResponse | None) -> Json:
    """The body of a refusal; empty for one that a fault has made up of something else."""
    if not isinstance(response, web.Response) or response.content_type != "application/json":
        return {}
    told: Json = json.loads(response.body) if isinstance(response.body, bytes) else {}
    return told

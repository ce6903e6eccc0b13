"""The API as routes of a web application: every request is counted, admitted, authorised and answered in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from playground import cdn, errors
from playground.faults import Faults
from playground.gateway.session import Sessions
from playground.interactions import Interactions
from playground.limits import Call, Limits
from playground.rest import applications, callbacks, channels, messages, sublimits, threads
from playground.rest.exchange import Exchange, Route
from playground.rest.faulting import VIA, Serve, subject_to
from playground.world import World

PREFIX = "/api/v10"
ROUTES = (*applications.ROUTES, *channels.ROUTES, *threads.ROUTES, *messages.ROUTES, *callbacks.ROUTES)

_WORDS = (
    "/applications/{application_id}/guilds/{guild_id}/commands/permissions",
    "/channels/{channel_id}/messages/pins",
    "/guilds/{guild_id}/members/search",
)
"""Not served, though a served path with an id there would fit."""


def routes(
    world: World, interactions: Interactions, limits: Limits, sessions: Sessions, faults: Faults
) -> list[web.RouteDef]:
    def served(route: Route) -> Serve:
        serve = partial(_serve, world, interactions, limits, sessions, route)
        return subject_to(faults, world.clock, route.rate, serve, prefix=PREFIX)

    # aiohttp decides by the first match: constant segments such as @me go before variables.
    known = sorted(ROUTES, key=lambda route: route.path.replace("{", "\uffff"))
    known_routes = [web.route(route.method, PREFIX + route.path, served(route)) for route in known]
    words = [web.get(PREFIX + path, _not_served) for path in _WORDS]
    return [*words, *known_routes, web.route("*", PREFIX + "/{rest:.*}", _not_served)]


STRUCK = (*((route.rate, route.method, route.path) for route in ROUTES), (cdn.FETCHED, "GET", cdn.PATH))
"""What faults of calls can be about."""
LIMITED = tuple(f"{route.method} {route.path}" for route in ROUTES)
"""What limits can be for, beside those that have a name of their own."""


async def _serve(
    world: World,
    interactions: Interactions,
    limits: Limits,
    sessions: Sessions,
    route: Route,
    request: web.Request,
) -> web.Response:
    verdict = limits.admit(await _call(world, route, request))
    if not verdict.admitted:
        return _response(429, verdict.body(), verdict.headers)
    exchange = Exchange(world=world, interactions=interactions, sessions=sessions, request=request)
    try:
        if not route.for_interaction and request.headers.get("Authorization") != f"Bot {world.token}":
            raise errors.unauthorized()
        if not route.for_interaction:
            world.bot_url = f"{request.scheme}://{request.host}"
        reply = await route.handler(exchange)
    except errors.ApiError as error:
        limits.counters.invalid += error.status in (401, 403)
        return _response(error.status, error.body(), verdict.headers)
    return _response(reply.status, reply.body, verdict.headers)


async def _call(world: World, route: Route, request: web.Request) -> Call:
    return Call(
        route=f"{route.method} {route.path}",
        rate=route.rate,
        major="+".join(request.match_info[name] for name in route.major),
        hidden=await sublimits.hidden(world, route.rate, request),
        global_=not route.for_interaction,
    )


async def _not_served(request: web.Request) -> web.Response:
    """Whether Discord has it is not known here, and nobody shall read that Discord would refuse it."""
    asked = f"{request.method} {request.path.removeprefix(PREFIX)}"
    return _response(501, errors.not_served(asked).body(), {})


def _response(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers={**headers, **VIA})
    # Bytes, so that no charset is added to the type: discord.py compares it whole.
    raw = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=raw, headers={**headers, **VIA}, content_type="application/json")

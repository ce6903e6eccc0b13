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


def routes(
    world: World, interactions: Interactions, limits: Limits, sessions: Sessions, faults: Faults
) -> list[web.RouteDef]:
    def served(route: Route) -> Serve:
        serve = partial(_serve, world, interactions, limits, sessions, route)
        return subject_to(faults, world.clock, route.rate, serve, prefix=PREFIX)

    # aiohttp decides by the first match: constant segments such as @me go before variables.
    known = sorted(ROUTES, key=lambda route: route.path.replace("{", "\uffff"))
    known_routes = [web.route(route.method, PREFIX + route.path, served(route)) for route in known]
    paths = dict.fromkeys(route.path for route in known)
    other_methods = [web.route("*", PREFIX + path, _not_allowed) for path in paths]
    return [*known_routes, *other_methods, web.route("*", PREFIX + "/{rest:.*}", _unknown)]


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


async def _not_allowed(request: web.Request) -> web.Response:
    return _response(405, errors.method_not_allowed().body(), {})


async def _unknown(request: web.Request) -> web.Response:
    return _response(404, errors.not_found().body(), {})


def _response(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers={**headers, **VIA})
    # Bytes, so that no charset is added to the type: discord.py compares it whole.
    raw = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=raw, headers={**headers, **VIA}, content_type="application/json")

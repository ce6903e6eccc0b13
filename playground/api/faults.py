"""Faults over HTTP: what is in force and what can be struck, one more, one or all taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from playground.api import bodies
from playground.api.local import PREFIX, body, guarded, reply
from playground.errors import ApiError, InvalidForm
from playground.faults import Faults, WrongFault, read
from playground.snowflake import id_in

Action = Callable[[Faults, web.Request], Awaitable[web.StreamResponse]]


def routes(faults: Faults) -> list[web.RouteDef]:
    return [web.route(method, PREFIX + path, guarded(partial(action, faults))) for method, path, action in _ACTIONS]


async def listed(faults: Faults, request: web.Request) -> web.Response:
    return reply({"faults": faults.listed(), "routes": faults.routes, "events": faults.events})


async def add(faults: Faults, request: web.Request) -> web.Response:
    given = await body(request, bodies.FAULT)
    try:
        return reply({"id": faults.add(read(given))}, 201)
    except WrongFault as error:
        raise InvalidForm({key: ("FAULT_INVALID", told) for key, told in error.problems.items()}) from None


async def remove(faults: Faults, request: web.Request) -> web.Response:
    named = request.match_info["fault_id"]
    id = id_in(named)
    if id is None or not faults.remove(id):
        raise ApiError(404, 0, f"there is no fault {named}")
    return web.Response(status=204)


async def clear(faults: Faults, request: web.Request) -> web.Response:
    faults.clear()
    return web.Response(status=204)


_ACTIONS: tuple[tuple[str, str, Action], ...] = (
    ("GET", "/faults", listed),
    ("POST", "/faults", add),
    ("DELETE", "/faults", clear),
    ("DELETE", "/faults/{fault_id}", remove),
)

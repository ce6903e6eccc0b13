"""Calls of the API that meet a fault: late, answered by somebody else, or not at all."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from aiohttp import web

from playground.clock import Clock
from playground.entities import Json
from playground.faults import CallFault, Faults

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]

VIA: Mapping[str, str] = {"Via": "1.1 playground"}
"""discord.py takes a 429 without it for a ban at the network's edge."""


FAULTED = web.RequestKey("faulted", bool)
"""Of requests that met a fault: what they are answered is not the playground's word."""


def subject_to(faults: Faults, clock: Clock, rate: str | None, serve: Serve, *, prefix: str = "") -> Serve:
    """`rate`: the name of the limit that the calls fall under; `prefix` of their path is not part of their name."""

    async def faulty(request: web.Request) -> web.StreamResponse:
        body = await _body(request) if faults.about_bodies else b""
        blow = faults.of_call(rate, request.method, request.path.removeprefix(prefix), body)
        if blow.delay:
            await clock.sleep(blow.delay)
        if blow.failure is None:
            return await serve(request)
        request[FAULTED] = True
        if blow.failure.after:
            await serve(request)
        else:
            # Otherwise the rest of the body would be taken for the connection's next request.
            await request.read()
        return _failed(blow.failure, request)

    return faulty


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return b""


def _failed(fault: CallFault, request: web.Request) -> web.StreamResponse:
    if fault.status is not None:
        return _answer(fault, fault.status)
    if request.transport is not None:
        request.transport.abort()
    # Ends the handling without an answer, which nobody would get.
    raise asyncio.CancelledError


def _answer(fault: CallFault, status: int) -> web.Response:
    headers = dict(VIA) if fault.via else {}
    if status == 429:
        headers |= {"Retry-After": str(math.ceil(fault.retry_after or 1.0)), "X-RateLimit-Scope": "user"}
    if isinstance(fault.body, str):
        return web.Response(status=status, text=fault.body, content_type="text/html", headers=headers)
    raw = json.dumps(fault.body or _usual(fault, status)).encode()
    return web.Response(status=status, body=raw, content_type="application/json", headers=headers)


def _usual(fault: CallFault, status: int) -> Json:
    if status == 429:
        told = {"message": "You are being rate limited.", "code": 0}
        return {**told, "retry_after": fault.retry_after or 1.0, "global": False}
    return {"message": f"{status}: {_PHRASES.get(status, 'Error')}", "code": 0}


_PHRASES = {int(status): status.phrase for status in HTTPStatus}

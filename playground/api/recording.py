"""The recording of what has happened so far, for programs to keep and for people to paste into a report."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from playground.api.local import PREFIX, guarded
from playground.entities import Json
from playground.recording.scribe import Recording
from playground.recording.transcript import markdown
from playground.rest.api import PREFIX as API

Signal = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def routes(recording: Recording) -> list[web.RouteDef]:
    async def lines(request: web.Request) -> web.Response:
        return web.Response(text=recording.text, content_type="application/jsonl")

    async def transcript(request: web.Request) -> web.Response:
        return web.Response(text=markdown(recording.header, recording.lines), content_type="text/markdown")

    return [
        web.get(f"{PREFIX}/recording", guarded(lines)),
        web.get(f"{PREFIX}/transcript", guarded(transcript)),
    ]


def _told(response: web.Response) -> Json:
    """The body of a refusal; empty for one that a fault has made up of something else."""
    if response.content_type != "application/json" or not isinstance(response.body, bytes):
        return {}
    told: Json = json.loads(response.body)
    return told


def refusals(recording: Recording) -> Signal:
    """Records what Discord's API answered the bot with 400 or more; a 429 is one of them."""

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        if response.status < 400 or not request.path.startswith(API) or not isinstance(response, web.Response):
            return
        resource = request.match_info.route.resource
        template = resource.canonical.removeprefix(API) if resource else request.path
        channel_id = request.match_info.get("channel_id", "")
        recording.refused(
            response.status,
            f"{request.method} {template}",
            int(channel_id) if channel_id.isdecimal() else None,
            _told(response),
        )

    return look

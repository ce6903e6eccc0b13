"""The recording of what has happened so far, for programs to keep and for people to paste into a report."""

from __future__ import annotations

from aiohttp import web

from playground.api.local import PREFIX, guarded
from playground.recording.scribe import Recording
from playground.recording.transcript import markdown


def routes(recording: Recording) -> list[web.RouteDef]:
    async def lines(request: web.Request) -> web.Response:
        return web.Response(text=recording.text, content_type="application/jsonl")

    async def transcript(request: web.Request) -> web.Response:
        return web.Response(text=markdown(recording.header, recording.lines), content_type="text/markdown")

    return [
        web.get(f"{PREFIX}/recording", guarded(lines)),
        web.get(f"{PREFIX}/transcript", guarded(transcript)),
    ]

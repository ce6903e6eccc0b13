"""Serves the page and, where a recorder stands before the model, what the model was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import aiohttp
from aiohttp import web

from playground.api.local import PREFIX, guarded, reply
from playground.program import Program

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
RECORDER_SECONDS = 5.0
SESSION = web.AppKey("recorder_session", aiohttp.ClientSession)


def routes(app: web.Application, recorder_url: str | None = None, bot: Program | None = None) -> None:
    """Mounts the page at `/`, `/playground/api/model/calls` and `/playground/api/bot`.

    `recorder_url` as `Recorder.url` gives it; `bot` where it is a process that the page may end and start.
    """
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES}

    async def page(request: web.Request) -> web.StreamResponse:
        return _file(files["index.html"])

    async def part(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in files:
            raise web.HTTPNotFound
        return _file(files[name])

    app.router.add_get("/", page)
    app.router.add_get("/page/{name}", part)
    _mount_calls(app, recorder_url)
    _mount_bot(app, bot)


def _file(path: Path) -> web.StreamResponse:
    headers = {**HEADERS, "Content-Type": f"{MEDIA_TYPES[path.suffix]}; charset=utf-8"}
    return web.FileResponse(path, headers=headers)


def _mount_calls(app: web.Application, recorder_url: str | None) -> None:
    async def connect(app: web.Application) -> AsyncIterator[None]:
        app[SESSION] = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=RECORDER_SECONDS))
        yield
        await app[SESSION].close()

    async def calls(request: web.Request) -> web.Response:
        if recorder_url is None:
            return reply({"recording": False, "calls": []})
        query = {"after": request.query.get("after", "0")}
        try:
            async with request.app[SESSION].get(f"{recorder_url}/recorder/calls", params=query) as response:
                response.raise_for_status()
                return reply({"recording": True, **await response.json()})
        except (aiohttp.ClientError, TimeoutError) as error:
            return reply({"message": f"The recorder does not answer: {error}"}, 502)

    app.cleanup_ctx.append(connect)
    app.router.add_get(f"{PREFIX}/model/calls", guarded(calls))


def _mount_bot(app: web.Application, bot: Program | None) -> None:
    async def show(request: web.Request) -> web.StreamResponse:
        if bot is None:
            return reply({"managed": False})
        ended = None if bot.last is None else {**asdict(bot.last), "signal": bot.last.signal}
        return reply({"managed": True, "running": bot.running, "pid": bot.pid, "ended": ended})

    async def restart(request: web.Request) -> web.StreamResponse:
        if bot is not None:
            await bot.restart()
        return await show(request)

    async def kill(request: web.Request) -> web.StreamResponse:
        if bot is not None:
            await bot.kill()
        return await show(request)

    app.router.add_get(f"{PREFIX}/bot", guarded(show))
    app.router.add_post(f"{PREFIX}/bot/restart", guarded(restart))
    app.router.add_post(f"{PREFIX}/bot/kill", guarded(kill))

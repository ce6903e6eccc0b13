"""Probes over HTTP: `/livez` while the program's loop turns, `/readyz` while it can answer people."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Self

from aiohttp import web

from bot.errors import HealthPortTaken

Probe = Callable[[], Awaitable[list[str]]]
"""Returns what is wrong; nothing if all is well."""


class HealthServer:
    def __init__(self, port: int, *, ready: Probe, host: str = "0.0.0.0") -> None:
        self._port = port
        self._host = host
        self._ready = ready
        app = web.Application()
        app.add_routes([web.get("/livez", self._livez), web.get("/readyz", self._readyz)])
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        """Raises HealthPortTaken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise HealthPortTaken(self._port) from error
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The one given, or the one that the system chose for 0."""
        port: int = self._runner.addresses[0][1]
        return port

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        problems = await self._ready()
        status = {"status": "not ready" if problems else "ok", "problems": problems}
        return web.json_response(status, status=503 if problems else 200)


def probe() -> int:
    """For a container's health check: 0 if the bot on this machine is ready."""
    port = os.environ.get("HEALTH_PORT", "8081")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"not ready: {error}", file=sys.stderr)
        return 1

"""Probes over HTTP: `/livez` while the program's loop turns, `/readyz` while it can answer people."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Self

import structlog
from aiohttp import web

from bot.errors import HealthPortTaken

PATIENCE = 5.0
"""Seconds that `probe` waits for an answer."""

HIGHEST_PORT = 65_535
"""Of TCP."""

log = structlog.get_logger(__name__)

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
        problems = await self._problems()
        status = {"status": "not ready" if problems else "ok", "problems": problems}
        return web.json_response(status, status=503 if problems else 200)

    async def _problems(self) -> list[str]:
        try:
            return await self._ready()
        except Exception as error:  # the edge of a request: whoever cannot tell is not ready
            log.exception("readiness_unknown")
            return [type(error).__name__]


def probe() -> int:
    """For a container's health check: 0 if the bot on this machine is ready, else 1 and a line on stderr."""
    port = os.environ.get("HEALTH_PORT", "").strip("\"' ")
    if not port:
        print(
            "not asked: HEALTH_PORT is not set in the environment; without it the bot answers no probe", file=sys.stderr
        )
        return 1
    if not port.isdecimal():
        print(f"not asked: HEALTH_PORT is no number: {port}", file=sys.stderr)
        return 1
    if not 1 <= int(port) <= HIGHEST_PORT:
        print(f"not asked: HEALTH_PORT is out of range, 1 to {HIGHEST_PORT}: {port}", file=sys.stderr)
        return 1
    # A proxy of the environment is for the world outside, and knows another 127.0.0.1.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE):
            return 0
    except urllib.error.HTTPError as error:
        print(f"not ready: {_told(error)}", file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        print(f"not ready: {_unanswered(error, port)}", file=sys.stderr)
    return 1


def _unanswered(error: Exception, port: str) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer on port {port} within {PATIENCE:g} s"
    if isinstance(cause, OSError):
        return f"nothing answers on port {port} ({cause.strerror or cause})"
    return f"port {port} answers, but not as the bot does"


def _told(answer: urllib.error.HTTPError) -> str:
    """What is wrong, in the words of `/readyz`; the status where another program answers."""
    with answer:
        try:
            return "; ".join(json.load(answer)["problems"])
        except (ValueError, KeyError, TypeError):
            return str(answer)

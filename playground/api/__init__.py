"""What people do, over HTTP: for the page and for programs in other processes. Loopback only; docs/playground.md."""

from __future__ import annotations

from aiohttp import web

from playground.api import actions, feed, recording
from playground.gateway.session import Sessions
from playground.limits import Limits
from playground.people import People
from playground.recording.scribe import Recording
from playground.world import World


def routes(world: World, people: People, limits: Limits, sessions: Sessions, session: Recording) -> list[web.RouteDef]:
    return [
        *feed.routes(world, people, limits, sessions),
        *actions.routes(world, people, limits, sessions),
        *recording.routes(session),
    ]

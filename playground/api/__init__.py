"""What people do, over HTTP: for the page and for programs in other processes. Loopback only; docs/playground.md."""

from __future__ import annotations

from aiohttp import web

from playground.api import actions, faults, feed, recording
from playground.faults import Faults
from playground.gateway.session import Sessions
from playground.limits import Limits
from playground.people import People
from playground.recording.scribe import Recording
from playground.world import World


def routes(
    world: World, people: People, limits: Limits, sessions: Sessions, faulty: Faults, session: Recording
) -> list[web.RouteDef]:
    return [
        *feed.routes(world, people, limits, sessions, faulty),
        *faults.routes(faulty),
        *actions.routes(world, people, limits, sessions),
        *recording.routes(session),
    ]

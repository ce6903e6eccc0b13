"""Sessions outlive connections: what is dispatched while a bot is away waits, numbered, until it resumes.

Every dispatch has a number. A connection that breaks leaves the session; a RESUME with the last number seen gets
everything after it, then RESUMED, and goes on. A connection that still served the session is closed; what it was not
sent yet goes to the new one alone. A session ends when its bot closes it with 1000 or 1001, when nobody resumes it in
time, when the bot begins anew for the same shard, or when too much has been missed to be kept.
"""

from __future__ import annotations

import json
import math
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from playground import events, payloads
from playground.entities import Json
from playground.faults import UNDISTURBED, Disturbance, Faults
from playground.gateway.dispatch import GUILDS, Dispatch, Dispatcher, guild_create, shard_of
from playground.gateway.frames import Closing
from playground.gateway.outbox import Outbox
from playground.limits import Limits
from playground.world import World

RESUME_SECONDS = 180.0
""" "A few minutes", Discord's documentation says."""
MAX_KEPT = 20_000
LARGE = 50
"""Discord's default for large_threshold."""
STARTS_A_DAY = 1000
STARTS_SECONDS = 86_400.0
"""The window of the starts, which opens with the first; with none open `reset_after` is 0."""

DISPATCH, HEARTBEAT, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 7, 9, 10, 11


class Session:
    def __init__(
        self, shard: tuple[int, int], intents: int, large_threshold: int = LARGE, *, kept: int = MAX_KEPT
    ) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.large_threshold = large_threshold
        """Members above which a guild comes without those who are offline."""
        self.outbox: Outbox | None = None
        """Of the connection that serves it now."""
        self.encoding: str | None = None
        """Of the connection, as the bot asked for it."""
        self.left_at: float | None = None
        self.sequence = 0
        self._kept: deque[tuple[int, str]] = deque(maxlen=kept)

    @property
    def connected(self) -> bool:
        return self.outbox is not None

    def dispatch(self, name: str, data: Json) -> None:
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "t": name, "s": self.sequence, "d": data}, ensure_ascii=False)
        self._kept.append((self.sequence, text))
        if self.outbox is not None:
            self.outbox.put_nowait(text)

    def can_resume_after(self, sequence: int) -> bool:
        oldest = self._kept[0][0] if self._kept else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence

    def resume(self, outbox: Outbox, sequence: int) -> None:
        if self.outbox is not None:
            # Discord names no code for this; 4009 asks for a new session, so that the former does not take it back.
            self.outbox.close(Closing(4009, "Session resumed elsewhere."))
        outbox.replay(text for number, text in self._kept if number > sequence)
        self.outbox, self.left_at = outbox, None
        self.dispatch("RESUMED", {})


class Sessions:
    """`resume_seconds`: how long a session waits for its bot; `kept`: how many dispatches it keeps for it.

    `max_concurrency`: how many sessions the limit on identifying admits at a time, one for each remainder of shards.
    """

    def __init__(
        self,
        world: World,
        *,
        resume_seconds: float = RESUME_SECONDS,
        kept: int = MAX_KEPT,
        limits: Limits | None = None,
        faults: Faults | None = None,
        max_concurrency: int = 1,
    ) -> None:
        self._world = world
        self.max_concurrency = max_concurrency
        self._kept = kept
        self._limits = limits
        self._faults = faults
        self._starts = 0
        self._starts_from = -math.inf
        self._dispatcher = Dispatcher(world)
        self._resume_seconds = resume_seconds
        self._sessions: dict[str, Session] = {}
        self._unsubscribe: Callable[[], None] = world.subscribe(self._tell)

    @property
    def connected(self) -> list[Session]:
        return [session for session in self._sessions.values() if session.connected]

    @property
    def complete(self) -> bool:
        """Every shard of some count is there."""
        shards = {session.shard for session in self.connected}
        return any(all((index, count) in shards for index in range(count)) for _, count in shards)

    @property
    def starts_left(self) -> int:
        """Of the thousand sessions that a bot may begin in a day; the playground begins more all the same."""
        return max(0, STARTS_A_DAY - self._starts) if self.starts_reset_after else STARTS_A_DAY

    @property
    def starts_reset_after(self) -> float:
        """Seconds until all of them are left again; 0 where they are."""
        return max(0.0, self._starts_from + STARTS_SECONDS - self._world.clock.monotonic())

    def admits(self, shard: tuple[int, int]) -> bool:
        """Whether the limit on identifying lets this one begin a session now; where it does, it counts."""
        return self._limits is None or self._limits.take("identify", str(shard[0] % self.max_concurrency))

    def begin(
        self,
        shard: tuple[int, int],
        intents: int,
        outbox: Outbox,
        resume_url: str,
        *,
        large_threshold: int = LARGE,
    ) -> Session:
        for old in list(self._sessions.values()):
            if old.shard == shard and not old.connected:
                del self._sessions[old.id]
        self._count_start()
        session = Session(shard, intents, large_threshold, kept=self._kept)
        session.outbox = outbox
        self._sessions[session.id] = session
        guilds = [guild for guild in self._world.guilds.values() if shard_of(guild.id, shard[1]) == shard[0]]
        session.dispatch("READY", self._ready(session, resume_url, [guild.id for guild in guilds]))
        if intents & GUILDS:
            for guild in guilds:
                shown = guild_create(self._world, guild, intents, at_start=True, large=large_threshold)
                session.dispatch("GUILD_CREATE", shown)
        self._world.emit(events.BotConnected())
        return session

    def _count_start(self) -> None:
        if not self.starts_reset_after:
            self._starts_from, self._starts = self._world.clock.monotonic(), 0
        self._starts += 1

    def resume(self, session_id: str, sequence: int, outbox: Outbox) -> Session | None:
        """None where there is nothing to resume. Raises ValueError for a sequence that was never reached."""
        session = self._sessions.get(session_id)
        if session is not None and not 0 <= sequence <= session.sequence:
            raise ValueError(sequence)
        if session is None or self._expired(session) or not session.can_resume_after(sequence):
            self._sessions.pop(session_id, None)
            return None
        session.resume(outbox, sequence)
        self._world.emit(events.BotConnected())
        return session

    def leave(self, session: Session, outbox: Outbox, *, ends: bool) -> None:
        """Its connection `outbox` is gone; the session may have another by now."""
        if session.outbox is outbox:
            session.outbox, session.left_at = None, self._world.clock.monotonic()
            if ends:
                self._sessions.pop(session.id, None)
        self._world.emit(events.BotDisconnected())

    def ask_to_reconnect(self) -> None:
        """Opcode 7, to every connection."""
        self._send_all({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Opcode 9, to every connection: each may begin or resume a session over again, as may a new one."""
        self._send_all({"op": INVALID_SESSION, "d": resumable})
        for session in self.connected:
            session.outbox, session.left_at = None, self._world.clock.monotonic()
            if not resumable:
                del self._sessions[session.id]
        self._world.emit(events.BotDisconnected())

    def cut(self, *, resumable: bool = True) -> None:
        """Breaks every connection without a word, as a network does; what cannot be resumed is forgotten as well."""
        for session in self.connected:
            assert session.outbox is not None
            session.outbox.put_nowait(None)
            if not resumable:
                del self._sessions[session.id]

    def close(self) -> None:
        self._unsubscribe()
        self.cut()

    def _tell(self, event: events.Event) -> None:
        self._sessions = {id: session for id, session in self._sessions.items() if not self._expired(session)}
        if not self._sessions:
            return
        for dispatch in self._dispatcher.dispatches(event):
            disturbance = self._faults.of_event(dispatch.name) if self._faults else UNDISTURBED
            for session in list(self._sessions.values()):
                if dispatch.concerns(session.intents, session.shard):
                    self._deliver(session, dispatch, disturbance)

    def _deliver(self, session: Session, dispatch: Dispatch, disturbance: Disturbance) -> None:
        data = dispatch.data(session.intents, session.large_threshold)
        for _ in range(disturbance.copies):
            session.dispatch(dispatch.name, data)
        if disturbance.cut and session.outbox is not None:
            session.outbox.put_nowait(None)

    def _expired(self, session: Session) -> bool:
        if session.left_at is None:
            return False
        return self._world.clock.monotonic() - session.left_at > self._resume_seconds

    def _ready(self, session: Session, resume_url: str, guild_ids: list[int]) -> Json:
        return {
            "v": 10,
            "user": payloads.me(self._world),
            "guilds": [{"id": str(id), "unavailable": True} for id in guild_ids],
            "session_id": session.id,
            "resume_gateway_url": resume_url,
            "shard": list(session.shard),
            "application": {"id": str(self._world.bot.id), "flags": payloads.application_flags(self._world)},
            "private_channels": [],
            "user_settings": {},
            "relationships": [],
            "presences": [],
            "session_type": "normal",
        }

    def _send_all(self, message: Json) -> None:
        for session in self.connected:
            assert session.outbox is not None
            session.outbox.put_nowait(json.dumps(message))


ACTIONS: Mapping[str, Callable[[Sessions], None]] = MappingProxyType(
    {
        "cut": Sessions.cut,
        "lose": partial(Sessions.cut, resumable=False),
        "reconnect": Sessions.ask_to_reconnect,
        "invalidate": Sessions.invalidate,
    }
)
"""What can be done to the gateway from outside; `lose` is a cut after which nothing can be resumed."""

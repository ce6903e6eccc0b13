"""Answers under any mix of faults, in virtual time. The property is tried with 25 mixes, times what `--fuzz` says."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.answer import Delivery, InteractionKey, Route
from bot.delivery.budget import RateLimit
from bot.delivery.manuscript import Form
from bot.delivery.split import Splitter
from bot.domain.run import Page
from bot.errors import DeliveryError, DiscordRefused, MessageGone, NotAllowed
from tests.delivery.discord_double import Channel, Fault
from tests.delivery.test_scheduler import Stream
from tests.delivery.world import World, world

Thorough = Callable[[Callable[..., None]], Callable[..., None]]

MOLDS = (
    "word {0} and a line\n",
    "* item **{0}** of `many`\n",
    "```py\nx = {0}\n```\n",
    "| a | b |\n|---|---|\n| {0} | 1 |\n\n",
    "😀😀 {0} see https://example.org/{0}\n\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An answer, as the model writes it and as it ends."""

    place: int
    """A channel up to 2; from 3 on, an interaction in one."""
    start: float
    seconds: float
    length: int
    """In characters."""
    mold: str
    ending: str
    """`whole`, `remarked`, `replaced` by a word of the program's, or `abandoned`."""

    def text(self) -> str:
        return "".join(self.mold.format(number) for number in range(self.length // len(self.mold) + 1))[: self.length]

    def last(self) -> str:
        text = self.text()
        return {"replaced": "Sorry.", "remarked": f"{text}\n\n-# That is not all."}.get(self.ending, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A fault of one kind for the calls of a route from number `first` on, counted over all answers."""

    route: Route
    kind: str
    first: int
    times: int
    seconds: float


LASTING = {"gone": MessageGone("Unknown Message"), "forbidden": NotAllowed("Missing Permissions")}
LASTING["archived"] = DiscordRefused(400, 50083, "Thread is archived")
LIMITED = ("limited", "shared", "everywhere", "refused")
LIES = ("fewer", "renamed", "past")
KINDS = ("before", "after", "dropped", "timeout", "timeout after", "slow", *LIMITED, *LIES, *LASTING)
HARMLESS = ("slow", *LIES, "limited", "shared", "everywhere")


def fault(blow: Blow, number: int) -> Fault:
    match blow.kind:
        case "before" | "after":
            return Fault(error=DiscordRefused(502, 0, "bad gateway"), after=blow.kind == "after", silent=number % 2 > 0)
        case "dropped":
            return Fault(error=DiscordRefused(0, 0, "connection reset"), after=number % 2 > 0, silent=True)
        case "timeout" | "timeout after":
            error = DiscordRefused(0, 0, "no answer within 30 s")
            return Fault(error=error, after=blow.kind != "timeout", delay=30.0, silent=True)
        case "slow":
            return Fault(delay=blow.seconds)
        case "refused":
            return Fault(error=DiscordRefused(429, 0, "discord.py gave up"))
        case "limited" | "shared" | "everywhere":
            told = RateLimit(limit=5, remaining=0, reset_after=blow.seconds, retry_after=blow.seconds)
            return Fault(limited=replace(told, shared=blow.kind == "shared", everywhere=blow.kind == "everywhere"))
        case "fewer":
            return Fault(lie=lambda told: replace(told, remaining=max(told.remaining - 1, 0)))
        case "renamed":
            return Fault(lie=lambda told: replace(told, bucket=f"bucket {number % 3}"))
        case "past":
            return Fault(lie=lambda told: replace(told, reset_after=-blow.seconds))
        case lasting:
            return Fault(error=LASTING[lasting])


@dataclass
class Told:
    """What became of an answer."""

    part: Part
    channel: Channel
    delivery: Delivery | None = None
    met: list[str] = field(default_factory=list)
    """Kinds of the faults that its calls met."""
    departures: list[tuple[float, Route]] = field(default_factory=list)
    last_text_at: float = math.inf
    ended_at: float = math.inf
    pages: tuple[Page, ...] = ()
    error: DeliveryError | None = None


class Theatre:
    def __init__(self, here: World, blows: list[Blow], deleted: list[float]) -> None:
        self.here = here
        self.blows = blows
        self.deleted = deleted
        """When a moderator takes away the newest message."""
        self.counts: dict[Route, int] = defaultdict(int)
        self.told: list[Told] = []
        self.lost_to_moderators: set[int] = set()
        here.discord.trouble = self.trouble

    def trouble(self, channel: Channel, route: Route) -> Fault:
        number = self.counts[route]
        self.counts[route] += 1
        told = next((told for told in self.told if told.channel is channel), None)
        if told is None:
            return Fault()
        told.departures.append((self.here.clock.monotonic(), route))
        for blow in self.blows:
            if blow.route == route and blow.first <= number < blow.first + blow.times:
                told.met.append(blow.kind)
                return fault(blow, number)
        return Fault()

    async def play(self, parts: list[Part]) -> None:
        await asyncio.gather(*(self.answer(part, number) for number, part in enumerate(parts)), self.moderate())

    async def moderate(self) -> None:
        for at in self.deleted:
            await self.here.clock.sleep(max(at - self.here.clock.monotonic(), 0.0))
            if self.here.discord.messages:
                newest = max(self.here.discord.messages)
                del self.here.discord.messages[newest]
                self.lost_to_moderators.add(newest)

    async def answer(self, part: Part, number: int) -> None:
        clock = self.here.clock
        key: Hashable = part.place if part.place < 3 else InteractionKey(f"token {number}", part.place - 3)
        told = Told(part, Channel(self.here.discord, key))
        self.told.append(told)
        await clock.sleep(part.start)
        told.delivery = delivery = self.here.scheduler.open(told.channel)
        delivery.present(Form(edited_only=part.place >= 3))
        text, steps = part.text(), max(int(part.seconds / 0.25), 1)
        for step in range(1, steps + 1):
            await clock.sleep(part.seconds / steps)
            delivery.show(text[: len(text) * step // steps])
        told.last_text_at = clock.monotonic()
        try:
            told.pages = await (delivery.abandon() if part.ending == "abandoned" else delivery.finish(part.last()))
        except DeliveryError as error:
            told.error = error
        told.ended_at = clock.monotonic()


def cost(blow: Blow) -> float:
    """Seconds by which it may put off an end."""
    pause = 9.0
    each = {"timeout": 30.0, "timeout after": 30.0}.get(blow.kind, blow.seconds)
    return min(blow.times, 12) * (each + pause)


def assert_told(theatre: Theatre, told: Told) -> None:
    discord, part = theatre.here.discord, told.part
    made = [message_id for _, message_id, _ in told.channel.seen]
    standing = [message_id for message_id in dict.fromkeys(made) if message_id in discord.messages]
    shown = [discord.messages[message_id] for message_id in standing]
    assert told.ended_at - told.last_text_at < 45 + sum(map(cost, theatre.blows)), "late"
    assert all(at <= told.ended_at for at, _ in told.departures), "a call after the end"
    lasted = part.start + told.ended_at
    assert len(told.departures) <= 20 + 2 * lasted + part.length / 100 + 3 * len(told.met)
    if told.error is not None:
        assert_reason(theatre, told)
    elif part.ending != "abandoned":
        quiet = isinstance(told.channel.key, InteractionKey)
        expected = [page.text for page in Splitter(quiet=quiet).feed(part.last(), final=True)]
        lost = [made_id for made_id in made if made_id in theatre.lost_to_moderators]
        if not lost:
            assert shown == expected
            assert [page.message_id for page in told.pages] == standing
    if part.ending not in ("replaced",):
        assert "delete" not in [route for _, route in told.departures], "withdrawn"


def assert_reason(theatre: Theatre, told: Told) -> None:
    passing = [kind for kind in told.met if kind not in LASTING and kind not in HARMLESS]
    lasting = [kind for kind in told.met if kind in LASTING]
    gone = any(message_id in theatre.lost_to_moderators for _, message_id, _ in told.channel.seen)
    assert lasting or gone or len(passing) >= 3, f"failed for no reason: {told.error!r}"


def assert_nothing_is_left(here: World) -> None:
    scheduler = here.scheduler
    now = here.clock.monotonic()
    assert not scheduler._busy and not scheduler._eager
    assert not scheduler._tasks
    for lane in scheduler._lanes.values():
        assert lane.idle(now), lane.key


async def perform(parts: list[Part], blows: list[Blow], deleted: list[float], seed: int, latency: float) -> None:
    with structlog.testing.capture_logs() as logged:
        async with world(seed, latency=latency) as here:
            theatre = Theatre(here, blows, deleted)
            limit = 200 + sum(part.start + part.seconds for part in parts) + len(parts) * sum(map(cost, blows))
            await here.run(asyncio.ensure_future(theatre.play(parts)), step=0.5, limit=limit)
            refused = list(here.discord.refused)
            for told in theatre.told:
                assert_told(theatre, told)
            await here.clock.advance(130)
            assert_nothing_is_left(here)
            theatre.blows = []
            await assert_fresh(here, {told.channel.key for told in theatre.told})
        if not any(blow.kind in ("past",) for blow in blows):
            assert refused == []
    assert [line for line in logged if line["log_level"] == "error"] == []


async def assert_fresh(here: World, keys: set[Hashable]) -> None:
    """As an answer is where nothing has failed before."""
    for key in sorted(keys, key=repr):
        fresh = replace(key, token=f"later {key.token}") if isinstance(key, InteractionKey) else key
        stream = Stream(here, Channel(here.discord, fresh), 5.0)
        await here.run(asyncio.ensure_future(stream.run()), step=0.5)
        assert stream.first_delay < 0.1 + 2.2 * here.discord.latency + 0.05
        assert stream.mean_age() < 0.85 + 2 * here.discord.latency
        assert stream.ended - stream.finished < 0.1 + 4 * here.discord.latency
        await here.clock.advance(70)


PARTS = st.lists(
    st.builds(
        Part,
        place=st.sampled_from([0, 1, 3, 4]),
        start=st.sampled_from([0.0, 0.1, 0.7, 2.0, 5.0, 12.0]),
        seconds=st.sampled_from([0.1, 1.0, 4.0, 11.0]),
        length=st.sampled_from([3, 700, 1990, 2300, 5200, 6100]),
        mold=st.sampled_from(MOLDS),
        ending=st.sampled_from(["whole", "whole", "remarked", "replaced", "abandoned"]),
    ),
    min_size=1,
    max_size=5,
)
ROUTES: tuple[Route, ...] = ("create", "edit", "delete", "typing")
BLOWS = st.lists(
    st.builds(
        Blow,
        route=st.sampled_from([*ROUTES, "create", "create", "edit"]),
        kind=st.sampled_from([*KINDS, "after", "after", "after", "dropped", "timeout after"]),
        first=st.integers(0, 10),
        times=st.integers(1, 4) | st.just(30),
        seconds=st.sampled_from([0.3, 1.0, 3.3, 9.0]),
    ),
    max_size=6,
)


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> Thorough:
    return settings(
        max_examples=25 * int(request.config.getoption("--fuzz")),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def test_answers_are_whole_or_end_with_their_reason(thorough: Thorough) -> None:
    @thorough
    @given(
        parts=PARTS,
        blows=BLOWS,
        deleted=st.lists(st.floats(0.5, 20.0), max_size=1),
        seed=st.integers(0, 999),
        latency=st.sampled_from([0.02, 0.1, 0.6]),
    )
    def property(parts: list[Part], blows: list[Blow], deleted: list[float], seed: int, latency: float) -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(perform(parts, blows, deleted, seed, latency))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    property()

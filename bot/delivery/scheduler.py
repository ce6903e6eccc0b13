"""Decides which call for which answer is made when, for the whole process.

The readers of the model's tokens never wait for Discord: they leave the newest text with their `Delivery`, and this
module makes of it as many calls as the rate limits allow. All calls that spend one budget, a channel's or an
interaction's, form a *lane*. A lane is looked at when something happens in it: a text where there was nothing to do, an
answer of the server, the moment for which a waiting call was put off. Then its due calls are gone through in order:

1. the last text of an answer that has ended;
2. the first text of an answer, so that people see that it has begun;
3. the last text of a page that is full;
4. an answer's next page, once the page before shows all it ever will, and half a step later: what it has to show is
   new by then, and halves the wait for the next edit;
5. edits, the page first whose newest text has waited longest. With several answers in one channel each gets its share,
   and what they share is the channel's even step (see `bot.delivery.budget`).

All but edits are *urgent* to a budget: they take any slot that is free, the reserved one too. A budget is never ready
for a lesser call before it is for a greater one, so the order is all it takes. Intermediate edits have a step of their
own besides: with many channels at work it grows with their number, so that together they leave room under the global
rate for first and last texts, and each is shown as often as the others. Signs of typing come last of all, and where
many answers are under way only for those whose first text is long in coming.

How old is what is visible, then? With four edits in five seconds, each shows all that was written until it left, so the
visible text is 0.6 s old on average, and the last text late by one journey. No schedule that keeps a slot for it does
better for an answer of unknown length; bench/ computes what the limits allow and measures what is reached.

Nothing here needs to be exact for the result to be right: whatever was put off or failed, the newest text is what goes
out next, and `finish` returns when the server has answered the last one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Hashable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

import structlog

from bot.clock import Clock
from bot.delivery.answer import Delivery, InteractionKey, Job, OnPage, Rank, Route, Target
from bot.delivery.budget import PACED_SHARE, TYPING_SHARE, Budget, Departure, GlobalRate, RateLimit, Window
from bot.domain.run import Page
from bot.errors import DeliveryError, DiscordRefused

log = structlog.get_logger(__name__)

TYPING_REFRESH = 8.0
"""Seconds; Discord shows typing for ten (its documentation, Channel)."""
TYPING_PATIENCE = 0.1
LONGEST_PATIENCE = 2.0
"""Seconds before the first sign of typing, for each other lane at work and at the most: alone, people see at once that
they were heard; where many ask, texts that come in a moment need the calls more."""
EARLIEST, LONGEST_EARLIEST = 0.5, 1.0
"""The part of a lane's even step under the global rate, and the most in seconds, before which it shows nothing more:
the first texts of many answers that begin at once would else be held up by second ones."""
MAX_IDLE_LANES = 1_000
"""Lanes without an answer are kept this long for what is known about their windows."""
TOLERANCE = 1e-6
"""Seconds by which a clock may wake us early."""


class Lane:
    """The answers that spend one budget."""

    def __init__(self, key: Hashable, budgets: dict[Route, Budget]) -> None:
        self.key = key
        self.exempt = isinstance(key, InteractionKey)
        """Interactions do not count against the global rate (Discord's documentation, Rate Limits)."""
        self.budgets = budgets
        self.old_edits = Budget([Window(3, 6.0)])
        """Of messages over an hour old, counted beside the others (unofficial documentation: 3 in 6 s a channel)."""
        self._own = dict(budgets)
        self._buckets: dict[Route, str] = {}
        """The server's names for them."""
        self.deliveries: dict[Delivery, None] = {}
        self.shown_at = -math.inf
        self.busy_since = -math.inf
        self.typing_at = -math.inf
        """From when on another sign of typing is due."""
        self.wake_at = math.inf

    def jobs(self, now: float, *, expected: bool = False) -> list[Job]:
        due = [job for delivery in self.deliveries for job in delivery.jobs(now, expected=expected)]
        return sorted(due, key=lambda job: (job.rank, job.stale_since))

    def of(self, job: Job) -> tuple[Budget, ...]:
        """What the call spends."""
        budget = self.budgets[job.route]
        return (budget, self.old_edits) if job.old else (budget,)

    def meet(self, route: Route, bucket: str) -> None:
        """Routes that the server counts in one bucket have one budget, as long as it does."""
        self._buckets[route] = bucket
        firsts: dict[str, Route] = {}
        for each, name in self._buckets.items():
            self.budgets[each] = self._own[firsts.setdefault(name, each)]

    def idle(self, now: float) -> bool:
        return not self.deliveries and all(budget.idle(now) for budget in (*self._own.values(), self.old_edits))


def _channel_budgets() -> dict[Route, Budget]:
    """Five per five seconds is what is seen; Discord documents no number. Headers correct it."""
    routes: tuple[Route, ...] = ("create", "edit", "delete", "typing")
    return {route: Budget([Window(5, 5.0)]) for route in routes}


def _interactions_window() -> Window:
    """Of all interactions in a channel: thirty per minute, by a Discord engineer (discord-api-docs issue 367).

    Most answers are over in seconds, so the first twelve are spent as fast as each interaction allows and some more at
    the even pace of the whole, one each two seconds; the others make do with what is left, and enough stays for the
    first and last texts of a few more.
    """
    return Window(30, 60.0, reserve=4, free=12, quick=2.0)


def _interaction_budgets(channel: Window) -> dict[Route, Budget]:
    """Five per two seconds for a webhook (the same source), and what its channel has.

    Whether creating and editing are one bucket is not known: they are counted together, and the headers apart.
    """
    short = Window(5, 2.0)
    routes: tuple[Route, ...] = ("create", "edit", "delete")
    shared: dict[Route, Budget] = {route: Budget([Window(5, 2.0), short, channel]) for route in routes}
    return {**shared, "typing": Budget([Window(5, 5.0)])}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call was counted in before it was made."""

    budgets: Sequence[Budget]
    at: float
    departure: Departure | None


_departing: ContextVar[Departure | None] = ContextVar("departing", default=None)
"""Of the call that the running task makes; tasks that it starts inherit it."""


class Scheduler:
    """`global_rate` in calls per second. `close` ends it; what is unfinished then is left as it is."""

    def __init__(self, clock: Clock, *, global_rate: float = 50) -> None:
        self._clock = clock
        self._global = GlobalRate(global_rate)
        self._lanes: dict[Hashable, Lane] = {}
        self._interactions: WeakValueDictionary[int, Window] = WeakValueDictionary()
        """By channel; its lanes keep it."""
        self._busy: set[Lane] = set()
        self._eager: dict[Lane, None] = {}
        """Those that have an intermediate text to show and slots of their own for it, in the order in which they had:
        `_serve` starts it as soon as the global rate allows."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf
        self._closed = False

    def open(
        self, target: Target, *, on_page: OnPage | None = None, pages: Sequence[Page] = (), silent: bool = False
    ) -> Delivery:
        """Begins an answer, typing until its first text unless `silent`. `pages` are those it has already.

        `on_page` is awaited after each page's message is created, before `finish` can return.
        """
        delivery = Delivery(target, self._clock, self._wake, on_page=on_page, pages=pages)
        if not silent:
            self._wake(delivery)
        return delivery

    async def close(self) -> None:
        self._closed = True
        for lane in self._busy:
            for delivery in lane.deliveries:
                delivery.end(DiscordRefused(0, 0, "the program is ending"))
        await asyncio.sleep(0)  # a task that never began would leave its page under way for ever
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def learn(self, key: Hashable, route: Route, told: RateLimit) -> None:
        """What an answer says about the budget that `key` and `route` name."""
        now = self._clock.monotonic()
        lane = self._lane(key)
        if told.bucket is not None:
            lane.meet(route, told.bucket)
        if told.served_at is not None and (departure := _departing.get()) is not None:
            self._global.observe(told.served_at, departure)
        if told.everywhere:
            self._global.block(now, told.retry_after or 0.0)
        else:
            lane.budgets[route].learn(now, told)

    def leave(self) -> None:
        """A request leaves that counts against the global rate: in the context of a call of ours, it is that one."""
        self._global.leave(self._clock.monotonic(), _departing.get())

    def _lane(self, key: Hashable) -> Lane:
        if key not in self._lanes:
            if len(self._lanes) - len(self._busy) >= MAX_IDLE_LANES:
                now = self._clock.monotonic()
                self._lanes = {kept: lane for kept, lane in self._lanes.items() if not lane.idle(now)}
            self._lanes[key] = Lane(key, self._budgets(key))
        return self._lanes[key]

    def _budgets(self, key: Hashable) -> dict[Route, Budget]:
        if not isinstance(key, InteractionKey):
            return _channel_budgets()
        if key.channel_id is None:
            return _interaction_budgets(_interactions_window())
        return _interaction_budgets(self._interactions.setdefault(key.channel_id, _interactions_window()))

    def _wake(self, delivery: Delivery) -> None:
        lane = self._lane(delivery.target.key)
        if self._closed:
            delivery.end(DiscordRefused(0, 0, "the program is ending"))
            return
        lane.deliveries[delivery] = None
        if lane not in self._busy:
            lane.busy_since = self._clock.monotonic()
            self._busy.add(lane)
        self._attend(lane)

    def _attend(self, lane: Lane) -> None:
        """Starts every call of the lane that may start now, and sees to it that the next is not forgotten."""
        now = self._clock.monotonic()
        self._look(lane, now)
        self._release(lane)
        self._type(lane, now)
        self._serve(now)
        self._set_timer(lane.wake_at, now)

    def _look(self, lane: Lane, now: float) -> None:
        self._eager.pop(lane, None)
        expected = lane.jobs(now, expected=True)
        lane.wake_at = min((self._ready(lane, job, now) for job in expected), default=math.inf)
        if lane.wake_at <= now + TOLERANCE:
            self._start_due(lane, now)

    def _start_due(self, lane: Lane, now: float) -> None:
        lane.wake_at = math.inf
        for job in lane.jobs(now):
            ready = self._ready(lane, job, now)
            if ready > now + TOLERANCE:
                lane.wake_at = min(lane.wake_at, ready)
            elif job.rank is Rank.EDIT and not lane.exempt:
                self._eager[lane] = None
                return
            else:
                self._start(lane, job, now)

    def _ready(self, lane: Lane, job: Job, now: float) -> float:
        """For an intermediate text, as far as its lane is concerned."""
        paced = job.rank is Rank.EDIT
        ready = max(job.at, *(budget.ready(now, urgent=not paced) for budget in lane.of(job)))
        if lane.exempt:
            return ready
        if paced:
            return max(ready, lane.shown_at + min(self._global.step(len(self._busy)) * EARLIEST, LONGEST_EARLIEST))
        return max(ready, self._global.ready(now))

    def _serve(self, now: float) -> None:
        """Intermediate texts, as far as the global rate allows: of the lane first that was shown longest ago."""
        while self._eager:
            ready = self._global.ready(now, share=PACED_SHARE)
            if ready > now + TOLERANCE:
                self._set_timer(ready, now)
                return
            lane = min(self._eager, key=lambda lane: lane.shown_at)
            # Of what it was eager to show, a newer text may have made the last of a page, which goes by `_look`.
            due = (job for job in lane.jobs(now) if job.rank is Rank.EDIT)
            if (job := next((job for job in due if self._ready(lane, job, now) <= now + TOLERANCE), None)) is not None:
                self._start(lane, job, now)
            self._look(lane, now)
            self._set_timer(lane.wake_at, now)

    def _start(self, lane: Lane, job: Job, now: float) -> None:
        job.delivery.start(job)
        lane.shown_at = now
        self._run(self._call(lane, job, self._spend(lane, lane.of(job), now)))

    async def _call(self, lane: Lane, job: Job, spent: Spent) -> None:
        _departing.set(spent.departure)
        await job.delivery.perform(job, partial(self._settle, spent))
        self._attend(lane)

    def _spend(self, lane: Lane, budgets: Sequence[Budget], now: float) -> Spent:
        for budget in budgets:
            budget.start(now)
        return Spent(budgets, now, None if lane.exempt else self._global.start())

    def _settle(self, spent: Spent) -> None:
        now = self._clock.monotonic()
        for budget in spent.budgets:
            budget.settle(now, spent.at)
        if spent.departure is not None:
            self._global.settle(now, spent.departure)

    def _type(self, lane: Lane, now: float) -> None:
        """One sign for all answers of a lane of which nothing is seen yet, or nothing more for now."""
        target = next((delivery.target for delivery in lane.deliveries if delivery.typing), None)
        if target is None:
            return
        patience = min(TYPING_PATIENCE * (len(self._busy) - 1), LONGEST_PATIENCE)
        at = max(lane.busy_since + patience, lane.typing_at, lane.budgets["typing"].ready(now, urgent=False))
        if not lane.exempt:
            at = max(at, self._global.ready(now, share=TYPING_SHARE))
        if at <= now + TOLERANCE:
            self._run(self._show_typing(target, self._spend(lane, [lane.budgets["typing"]], now)))
            at = lane.typing_at = now + TYPING_REFRESH
        lane.wake_at = min(lane.wake_at, at)

    async def _show_typing(self, target: Target, spent: Spent) -> None:
        _departing.set(spent.departure)
        try:
            await target.typing()
        except DeliveryError as error:
            log.debug("typing_failed", error=str(error))
        finally:
            self._settle(spent)

    def _release(self, lane: Lane) -> None:
        for delivery in [delivery for delivery in lane.deliveries if delivery.at_rest]:
            del lane.deliveries[delivery]
        if not lane.deliveries:
            self._busy.discard(lane)
            self._eager.pop(lane, None)
            lane.typing_at = -math.inf

    def _run(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("scheduler_failed", exc_info=error)

    def _set_timer(self, at: float, now: float) -> None:
        if at >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._run(self._ring(at - now))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(max(seconds, 0.0))
        self._timer, self._timer_at = None, math.inf
        now = self._clock.monotonic()
        for lane in [lane for lane in self._busy if lane.wake_at <= now + TOLERANCE]:
            self._attend(lane)
        self._serve(now)
        self._set_timer(min((lane.wake_at for lane in self._busy), default=math.inf), now)

"""One answer on its way into Discord: what should be seen, what is seen, and the calls that close the gap.

Each page is a slot that holds the newest text alone: a text that was overtaken is never sent. `Delivery` says which
calls are due (`jobs`) and carries one out (`perform`); when each may start is the scheduler's to say.

    open ──► growing ──finish──► final ──every page shown, surplus ones deleted──► at rest
     │        show                 │
     └──────────┴──────────────────┴─► ended: by `abandon`, which leaves what stands there, or by an error, which
                                       `finish` raises; at rest once the calls under way were answered
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Literal, Protocol

import structlog

from bot.clock import Clock
from bot.delivery.manuscript import Form, Manuscript
from bot.delivery.slot import Slot
from bot.domain.run import Page
from bot.errors import DeliveryError, DiscordRefused, MessageGone, NotAllowed

log = structlog.get_logger(__name__)

Route = Literal["create", "edit", "delete", "typing"]
OnPage = Callable[[Page], Awaitable[None]]

FIRST_WORD = 0.1
"""Seconds that the first text waits for its first word to end."""
NEXT_GAP = 0.6
"""Seconds from a page's last edit, which showed all there was, to the next page's first text: half of what lies between
two edits where a channel takes five in five seconds and one is held back."""
EDIT_GAP = 0.4
"""Seconds from a page's first text to its next one: an edit that leaves at once shows a word more and is missed later.
In bench/, the visible text of one stream is then 0.03 s fresher, and a short answer takes a call less."""
FINAL_PATIENCE = 60.0
"""Seconds from the first failure of a page's last text until it is given up: Discord and the ways to it come back."""


@dataclass(frozen=True, slots=True)
class InteractionKey:
    """Whose budget an interaction's calls spend: its token's, and its channel's together with all others there."""

    token: str = field(repr=False)
    channel_id: int | None = field(default=None, compare=False)
    """None where only the token is known, as from the address of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What the server says about a message; nothing where it has none to speak of."""

    message_id: int = 0
    text: str = ""
    flags: int = 0


class Target(Protocol):
    """Where an answer goes. Every call returns when the server has answered, and raises DeliveryError."""

    @property
    def key(self) -> Hashable:
        """Whose budget the calls spend: a channel id, or an `InteractionKey`."""

    @property
    def until(self) -> datetime | None:
        """When calls begin to be refused; None for never."""

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        """`file` goes with it as `answer.md`; it never does with the first message.

        `again`: it may be there already, since an answer was lost. Then, and where a process before this one made it,
        what is returned is the message that is there, with the text that it has.

        Raises NotAllowed also where files alone are forbidden.
        """

    async def edit(self, message_id: int, text: str) -> None: ...

    async def delete(self, message_id: int) -> None: ...

    async def typing(self) -> None:
        """Discord shows it for ten seconds (its documentation, Channel)."""

    async def withdraw(self) -> None:
        """Takes the promise of an answer back, where Discord shows one, before anything of it was shown."""


class Rank(IntEnum):
    """Which call goes first where several want the same slot."""

    FINAL = 0
    FIRST = 1
    CLOSING = 2
    """The last edit of a page that another follows."""
    NEXT = 3
    EDIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A call that is due from `at` on, in the clock's monotonic seconds."""

    delivery: Delivery
    route: Route
    rank: Rank
    position: int
    at: float
    stale_since: float
    old: bool = False
    """Whether it edits a message over an hour old."""


class Delivery:
    """Made by `Scheduler.open`. A caller shows texts and ends with `finish` or `abandon`."""

    def __init__(
        self,
        target: Target,
        clock: Clock,
        wake: Callable[[Delivery], None],
        *,
        on_page: OnPage | None,
        pages: Sequence[Page],
    ) -> None:
        self.target = target
        self.error: Exception | None = None
        """What ended it: a DeliveryError, or whatever `on_page` raised."""
        self._clock = clock
        self._wake = wake
        self._on_page = on_page
        self._manuscript = Manuscript(Form())
        self._slots = [Slot() for _ in range(max((page.position + 1 for page in pages), default=0))]
        for page in pages:
            self._slots[page.position] = Slot(message_id=page.message_id, sent=page.text)
        self._abandoned = False
        self._moved = asyncio.Event()

    def present(self, form: Form) -> None:
        """Before the first text."""
        self._manuscript = Manuscript(form)

    @property
    def pages(self) -> tuple[Page, ...]:
        return tuple(
            Page(position=position, message_id=slot.message_id, text=slot.sent)
            for position, slot in enumerate(self._slots)
            if slot.message_id is not None
        )

    @property
    def shown(self) -> bool:
        """Whether a page exists or is being created."""
        return any(slot.exists or slot.flying for slot in self._slots)

    @property
    def typing(self) -> bool:
        """Whether people should see that something is coming: nothing is seen yet, or nothing more will be for now."""
        return not (self._final or self._ended or (self.shown and not self._manuscript.overflows))

    @property
    def at_rest(self) -> bool:
        """Nothing is under way and nothing will be, unless another text comes."""
        return not self._flying and (self._ended or self._complete)

    def show(self, text: str) -> None:
        """The whole answer so far. Never waits; after an error or `finish`, does nothing."""
        if self._ended or self._final:
            return
        self._manuscript.write(text)
        if not self._known_due:
            self._wake(self)

    async def finish(self, text: str, *, remark: str | None = None) -> tuple[Page, ...]:
        """Shows `text`, with `remark` in small print below it, and returns when no call is under way for it any more;
        surplus pages are deleted.

        Raises what ended the delivery, now or earlier. May be called again, with another text too, once it was
        cancelled.
        """
        self._manuscript.write(text, remark=remark, final=True)
        for slot in self._slots:
            slot.forgive()
        self._wake(self)
        await self._until(lambda: self.at_rest)
        if self.error is not None:
            raise self.error
        return self.pages

    async def abandon(self) -> tuple[Page, ...]:
        """Leaves everything as it is; returns when the calls under way were answered."""
        self._abandoned = True
        self._wake(self)
        await self._until(lambda: not self._flying)
        return self.pages

    def end(self, error: Exception) -> None:
        """No further call; `finish` raises `error`."""
        if self.error is None:
            self.error = error
        self._moved.set()

    def jobs(self, now: float, *, expected: bool = False) -> Iterator[Job]:
        """The calls there are to make, each from its `at` on: one at most for each page, and none for a page before its
        predecessor exists. On the way the slots learn which pages have become stale.

        Those that are `expected` cost less: that a text which has grown changes the page it grows on is not examined.
        """
        if not self._ended:
            self._examine(now, expected=expected)
        if self._ended:
            return
        for position, slot in enumerate(self._slots):
            route = self._route(position, slot)
            if slot.stale and not slot.flying:
                yield self._job(position, slot, route)
            if route == "create" or (slot.stale and not self._final):
                return

    def start(self, job: Job) -> None:
        """One of `jobs` just now: its text counts as sent from here on, and `perform` must follow."""
        slot, pages = self._slots[job.position], self._manuscript.pages
        text = pages[job.position] if job.position < len(pages) else slot.doubted
        slot.start(text, self._clock.monotonic())

    async def perform(self, job: Job, answered: Callable[[], None]) -> None:
        """Makes a started call, reports the answer, and keeps what came of it; raises nothing but cancellation."""
        slot = self._slots[job.position]
        try:
            try:
                made = await self._request(job, slot)
            finally:
                answered()
            slot.failures = 0
            await self._keep(job, slot, made)
        except DeliveryError as error:
            self._failed(job, slot, error)
        except Exception as error:  # the edge of a call's task: the caller hears of it from `finish`
            log.exception("delivery_failed", route=job.route, position=job.position)
            slot.sent = None  # nobody knows
            self.end(error)
        finally:
            slot.flying = False
            self._moved.set()

    async def _request(self, job: Job, slot: Slot) -> Posted | None:
        if slot.message_id is None:
            assert slot.sent is not None
            previews, file = self._manuscript.form.previews, self._manuscript.file(job.position)
            again = slot.doubted is not None
            made = await self.target.create(job.position, slot.sent, previews=previews, file=file, again=again)
            if not made.message_id:
                raise DiscordRefused(0, 0, "the answer names no message")
            return made
        if slot.sent is None:
            await self.target.delete(slot.message_id)
        else:
            await self.target.edit(slot.message_id, slot.sent)
        return None

    async def _keep(self, job: Job, slot: Slot, made: Posted | None) -> None:
        if job.route == "delete":
            slot.message_id = None
        elif job.route == "create" and made is not None:
            slot.made(made.message_id, made.text)
            if self._on_page is not None:
                await self._on_page(Page(position=job.position, message_id=made.message_id))

    def _failed(self, job: Job, slot: Slot, error: DeliveryError) -> None:
        if job.route == "delete" and isinstance(error, MessageGone):
            slot.message_id = None
            return
        if self._manuscript.file(job.position) is not None and isinstance(error, NotAllowed):
            slot.sent = None
            self._manuscript.forbid_files()
            return
        now = self._clock.monotonic()
        pause = slot.failed(now, done=not _limited(error))
        if not _passing(error) or (self._final and now - slot.failing_since >= FINAL_PATIENCE):
            self.end(error)
            return
        log.warning("delivery_retried", route=job.route, position=job.position, pause=pause, error=str(error))

    def _job(self, position: int, slot: Slot, route: Route) -> Job:
        rank = Rank.EDIT
        if self._final:
            rank = Rank.FINAL
        elif route == "create":
            rank = Rank.NEXT if position else Rank.FIRST
        elif position < len(self._manuscript.pages) - 1:
            rank = Rank.CLOSING
        at = max(slot.not_before, slot.stale_since + FIRST_WORD if self._in_first_word else slot.stale_since)
        if rank is Rank.NEXT:
            at = max(at, self._slots[position - 1].sent_at + NEXT_GAP)
        elif rank is Rank.EDIT:
            at = max(at, slot.made_at + EDIT_GAP)
        old = route == "edit" and slot.old(self._clock.now())
        return Job(
            delivery=self, route=route, rank=rank, position=position, at=at, stale_since=slot.stale_since, old=old
        )

    def _route(self, position: int, slot: Slot) -> Route:
        """A page that may exist and should not is created again, which tells its message, and then deleted."""
        if position < len(self._manuscript.pages):
            return "edit" if slot.exists else "create"
        return "create" if slot.doubted is not None else "delete"

    def _examine(self, now: float, *, expected: bool) -> None:
        if expected and self._only_grown:
            self._slots[-1].note(stale=True, now=now)
        else:
            self._refresh(now)

    def _refresh(self, now: float) -> None:
        """Notes which pages have become stale. A text that cannot be laid out ends its own answer, and no other's."""
        try:
            pages = self._manuscript.lay_out()
        except Exception as error:  # the scheduler has other answers to attend to
            log.exception("answer_not_laid_out")
            self.end(error)
            return
        self._slots += [Slot() for _ in range(len(pages) - len(self._slots))]
        for position, slot in enumerate(self._slots):
            slot.note(stale=self._stale(pages, position, slot), now=now)

    def _stale(self, pages: Sequence[str], position: int, slot: Slot) -> bool:
        if position < len(pages):
            return slot.sent != pages[position]
        return self._final and slot.surplus

    @property
    def _in_first_word(self) -> bool:
        text = self._manuscript.text
        return not (self._final or self.shown or text[-1:].isspace()) and len(text.split(maxsplit=1)) < 2

    @property
    def _only_grown(self) -> bool:
        """Whether the newest text can have changed the last page alone, which exists."""
        manuscript = self._manuscript
        if manuscript.laid_out or not manuscript.same_pages or not len(manuscript.pages) == len(self._slots) > 0:
            return False
        return self._slots[-1].exists or self._slots[-1].flying

    @property
    def _known_due(self) -> bool:
        """Whether the scheduler has this delivery in mind anyway, and the newest text begins no further page."""
        due = any(slot.stale for slot in self._slots)
        return due and self.shown and self._manuscript.same_pages

    @property
    def _final(self) -> bool:
        return self._manuscript.final

    @property
    def _ended(self) -> bool:
        return self._abandoned or self.error is not None

    @property
    def _flying(self) -> bool:
        return any(slot.flying for slot in self._slots)

    @property
    def _complete(self) -> bool:
        return self._final and next(self.jobs(self._clock.monotonic()), None) is None

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._moved.clear()
            await self._moved.wait()


def _limited(error: DeliveryError) -> bool:
    return isinstance(error, DiscordRefused) and error.status == 429


def _passing(error: DeliveryError) -> bool:
    """Whether the same call may succeed a moment later: Discord or the way to it failed, or it asked for patience."""
    return isinstance(error, DiscordRefused) and (error.status in (0, 429) or error.status >= 500)

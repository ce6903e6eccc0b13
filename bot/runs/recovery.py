"""What a process that died left behind.

Nothing was shown: the run is queued again, twice at the most, so that a turn that kills the program cannot do so for
ever; then its channel is told. Something was shown: the pages are closed as interrupted, and what can be read of them
becomes the answer. The model is never called again for an answer that people have begun to read, unless they ask.

A question that has waited for an hour is let go: an answer that late would fall into another talk. Whoever asked is
told, once a channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.context.prompt import item_tokens
from bot.context.tokens import TokenCounter
from bot.delivery.split import split, with_remark
from bot.domain.conversation import Item, Role
from bot.domain.run import FinishReason, Page, Run, RunStatus
from bot.runs.endings import STOPPED, Outcome, remark
from bot.runs.signs import WaitingSigns
from bot.storage import Storage
from bot.words import words

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
PATIENCE = timedelta(hours=1)
"""How long a question waits for its turn before it expires."""

_LEAD = re.compile(r"(> .*)\n*")
_SMALL_PRINT = re.compile(r"(?:(?:\A|\n)-# [^\n]*)+\s*\Z")


def _channel_of(run: Run) -> int:
    return run.place.channel_id


class PostedPages(Protocol):
    """The bot's messages as they stand in Discord. Each raises DeliveryError."""

    async def read(self, channel_id: int, message_id: int) -> str: ...

    async def edit(self, channel_id: int, message_id: int, text: str) -> None: ...

    async def send(self, channel_id: int, text: str, reply_to: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Readable:
    """What the pages hold of the answer, without what the program put around it."""

    answer: str
    last_lead: str
    last: str

    @classmethod
    def of(cls, run: Run, posted: list[tuple[Page, str]]) -> _Readable:
        """The question is shown above the answer of a slash command; remarks and notices are small print below."""
        bodies = [_SMALL_PRINT.sub("", text) for _page, text in posted]
        begins = bool(posted) and posted[0][0].position == 0
        lead = _LEAD.match(bodies[0]) if begins and run.reply_to_message_id is None else None
        if lead:
            bodies[0] = bodies[0][lead.end() :]
        return cls(
            answer="\n".join(bodies).strip(),
            last_lead=lead[1] if lead and len(bodies) == 1 else "",
            last=bodies[-1] if bodies else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    storage: Storage
    posted: PostedPages
    counter: TokenCounter
    signs: WaitingSigns
    clock: Clock
    in_hand: Callable[[], Collection[int]] = tuple
    """Runs of this process's own worker, which is alive whatever their leases say."""

    async def recover(self, *, alone: bool = False) -> int:
        """Takes up every run whose lease has passed; returns how many. What Discord refuses is logged.

        `alone`: no other process works in this database, so whoever held a lease is gone.
        """
        if alone:
            async with self.storage.write() as work:
                await work.runs.lapse_all(self.clock.now())
        async with self.storage.read() as work:
            lapsed = await work.runs.lapsed(self.clock.now(), but=self.in_hand())
        for run in lapsed:
            await self._recover(run)
        return len(lapsed)

    async def expire(self) -> int:
        """Lets go what has waited for too long; returns how many."""
        now = self.clock.now()
        async with self.storage.write() as work:
            expired = await work.runs.expire(now - PATIENCE, now)
        for run in expired:
            await self._clear_signs(run)
        for _channel_id, runs in groupby(sorted(expired, key=_channel_of), _channel_of):
            await self._say_expired([run for run in runs if not run.private])
        return len(expired)

    async def _clear_signs(self, run: Run) -> None:
        async with self.storage.read() as work:
            questions = await work.conversations.questions(run.run_id)
        ids = [message_id for item in questions for message_id in item.message_ids]
        self.signs.clear(run.place.channel_id, ids, waited=True)

    async def _say_expired(self, runs: Sequence[Run]) -> None:
        """To a channel; of a private question nobody else hears."""
        if not runs:
            return
        _ = words(runs[-1].locale)
        text = _.plural(
            "I could not get to {n} question here within an hour, and let it go. Ask again if it still matters.",
            "I could not get to {n} questions here within an hour, and let them go. Ask again if they still matter.",
            len(runs),
        )
        try:
            await self.posted.send(_channel_of(runs[-1]), text)
        except Exception as error:  # the word is a courtesy
            log.info("expiry_not_said", channel=_channel_of(runs[-1]), error=repr(error))

    async def _recover(self, run: Run) -> None:
        async with self.storage.read() as work:
            pages = await work.runs.pages(run.run_id)
        if pages:
            await self._close(run, pages)
        elif run.private or run.status is RunStatus.CANCELLING:
            await self._end(run, None)
        elif run.attempts >= MAX_ATTEMPTS:
            await self._end(run, None)
            await self._clear_signs(run)
            await self._say_given_up(run)
        else:
            async with self.storage.write() as work:
                await work.runs.requeue(run.run_id, self.clock.now())
        log.info("run_recovered", run=run.run_id, pages=len(pages), attempts=run.attempts)

    async def _say_given_up(self, run: Run) -> None:
        _ = words(run.locale)
        text = _(
            "I was stopped {n:number} times while I worked on a question here, so I have let it go. Please ask again "
            "if it still matters.",
            n=run.attempts,
        )
        try:
            await self.posted.send(_channel_of(run), text, run.reply_to_message_id)
        except Exception as error:  # the word is a courtesy
            log.info("giving_up_not_said", run=run.run_id, error=repr(error))

    async def _close(self, run: Run, pages: tuple[Page, ...]) -> None:
        posted = [(page, text) for page in pages if (text := await self._read(run, page)) is not None]
        readable = _Readable.of(run, posted)
        if posted:
            await self._mark(run, posted[-1][0], readable)
        await self._end(run, readable.answer or None)

    async def _read(self, run: Run, page: Page) -> str | None:
        """None for a page that is gone, or out of reach."""
        try:
            return await self.posted.read(run.place.channel_id, page.message_id)
        except Exception as error:  # whatever became of a page, its run has to end
            log.info("page_not_read", run=run.run_id, page=page.position, error=repr(error))
            return None

    async def _mark(self, run: Run, page: Page, readable: _Readable) -> None:
        _ = words(run.locale)
        outcome = Outcome(text=readable.last, reason=FinishReason.INTERRUPTED, usage=None)
        text = _(STOPPED) if run.status is RunStatus.CANCELLING else remark(outcome, 0, _)
        first, *rest = split(with_remark(readable.last, text), lead=readable.last_lead)
        try:
            await self.posted.edit(run.place.channel_id, page.message_id, first.text)
            for further in rest:
                await self.posted.send(run.place.channel_id, further.text)
        except Exception as error:  # the remark is a courtesy
            log.info("page_not_marked", run=run.run_id, error=repr(error))

    async def _end(self, run: Run, text: str | None) -> None:
        """`text` is what people could read, None for nothing: then the run failed and is no part of history."""
        now = self.clock.now()
        cancelled = run.status is RunStatus.CANCELLING
        status = RunStatus.CANCELLED if cancelled else RunStatus.INCOMPLETE if text else RunStatus.FAILED
        async with self.storage.write() as work:
            ended = await work.runs.recover(
                run.run_id, status=status, now=now, finish_reason=FinishReason.INTERRUPTED, error=None
            )
            if ended and text and status is RunStatus.INCOMPLETE:
                await work.conversations.add_answer(run, await self._answer(text), now)

    async def _answer(self, text: str) -> Item:
        await self.counter.load()
        item = Item(role=Role.ASSISTANT, text=text, tokens=0)
        return Item(role=Role.ASSISTANT, text=text, tokens=item_tokens(self.counter, item))

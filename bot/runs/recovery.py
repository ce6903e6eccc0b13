"""What a process that died left behind.

Nothing was shown: the run is queued again, twice at the most, so that a turn that kills the program cannot do so for
ever. Something was shown: the pages are closed as interrupted, and what can be read of them becomes the answer. The
model is never called again for an answer that people have begun to read, unless they ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.context.prompt import item_tokens
from bot.context.tokens import TokenCounter
from bot.delivery.split import split, with_remark
from bot.domain.conversation import Item, Role
from bot.domain.run import FinishReason, Page, Run, RunStatus
from bot.errors import DeliveryError
from bot.runs.endings import Outcome, remark
from bot.runs.signs import WaitingSigns
from bot.storage import Storage
from bot.words import words

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3


class PostedPages(Protocol):
    """The bot's messages as they stand in Discord. Each raises DeliveryError."""

    async def read(self, channel_id: int, message_id: int) -> str: ...

    async def edit(self, channel_id: int, message_id: int, text: str) -> None: ...

    async def send(self, channel_id: int, text: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    storage: Storage
    posted: PostedPages
    counter: TokenCounter
    signs: WaitingSigns
    clock: Clock

    async def recover(self, *, alone: bool = False) -> int:
        """Takes up every run whose lease has passed; returns how many. Raises no DeliveryError.

        `alone`: no other process works in this database, so whoever held a lease is gone.
        """
        if alone:
            async with self.storage.write() as work:
                await work.runs.lapse_all(self.clock.now())
        async with self.storage.read() as work:
            lapsed = await work.runs.lapsed(self.clock.now())
            self.signs.adopt(await work.runs.queued_messages())
        for run in lapsed:
            await self._recover(run)
        return len(lapsed)

    async def _recover(self, run: Run) -> None:
        async with self.storage.read() as work:
            pages = await work.runs.pages(run.run_id)
        if pages:
            await self._close(run, pages)
        elif run.private or run.attempts >= MAX_ATTEMPTS or run.status is RunStatus.CANCELLING:
            await self._end(run, None)
        else:
            async with self.storage.write() as work:
                await work.runs.requeue(run.run_id, self.clock.now())
        log.info("run_recovered", run=run.run_id, pages=len(pages), attempts=run.attempts)

    async def _close(self, run: Run, pages: tuple[Page, ...]) -> None:
        texts: list[str] = []
        try:
            for page in pages:
                texts.append(await self.posted.read(run.place.channel_id, page.message_id))
            await self._mark(run, pages[-1], texts[-1])
        except DeliveryError as error:
            log.info("pages_not_closed", run=run.run_id, error=repr(error))
        await self._end(run, "\n".join(texts).strip() or None)

    async def _mark(self, run: Run, page: Page, text: str) -> None:
        outcome = Outcome(text=text, reason=FinishReason.INTERRUPTED, usage=None)
        first, *rest = split(with_remark(text, remark(outcome, 0, words(run.locale))))
        await self.posted.edit(run.place.channel_id, page.message_id, first.text)
        for further in rest:
            await self.posted.send(run.place.channel_id, further.text)

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
                await work.conversations.add_answer(run.run_id, await self._answer(text), now)

    async def _answer(self, text: str) -> Item:
        await self.counter.load()
        item = Item(role=Role.ASSISTANT, text=text, tokens=0)
        return Item(role=Role.ASSISTANT, text=text, tokens=item_tokens(self.counter, item))

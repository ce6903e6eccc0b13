"""Where a message becomes a question on disk with a run that waits for its turn."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

from bot.clock import Clock
from bot.context.prompt import item_tokens
from bot.context.tokens import TokenCounter
from bot.domain.conversation import MAX_WAITING, Addressing, Incoming, Item, Quote, Role
from bot.domain.run import Run, RunStatus
from bot.storage import Conflict, Storage, Work

MAX_QUOTE_TOKENS = 300
"""Of the message that a reply answers."""
MAX_PRIVATE = 3
"""Private questions of one person that may be open at once, wherever they were asked."""
MAX_JOINED = 10
"""Messages of one turn; those said after them are another."""


@dataclass(frozen=True, slots=True)
class Queued:
    run: Run
    ahead: int
    """Runs of this conversation that come first; a private one waits for none."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Said while an earlier message of the same person waits: the two are one turn."""

    run: Run


@dataclass(frozen=True, slots=True)
class Full:
    waiting: int
    private: bool = False
    """Of the asker's own private questions; else of the conversation's."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Discord delivered the message a second time."""


Accepted = Queued | Joined | Full | Seen


class Inbox:
    """`work_waits` is set when a run was queued."""

    def __init__(self, storage: Storage, clock: Clock, counter: TokenCounter, work_waits: asyncio.Event) -> None:
        self._storage = storage
        self._clock = clock
        self._counter = counter
        self._work_waits = work_waits

    async def accept(self, incoming: Incoming) -> Accepted:
        """Writes question and run in one transaction."""
        item = await self._item(incoming)
        try:
            async with self._storage.write() as work:
                accepted = await self._place(work, incoming, item)
        except Conflict:
            return Seen()
        if isinstance(accepted, Queued):
            self._work_waits.set()
        return accepted

    async def known(self, channel_id: int) -> bool:
        """Whether anything was said to the bot in this conversation yet."""
        async with self._storage.read() as work:
            return await work.conversations.known(channel_id)

    async def _place(self, work: Work, incoming: Incoming, item: Item) -> Accepted:
        channel_id = incoming.place.channel_id
        if await work.runs.seen(incoming.message_id):
            return Seen()
        await work.conversations.ensure(incoming.place, self._clock.now())
        if incoming.private:
            return await self._place_private(work, incoming, item)
        unended = await work.runs.unended(channel_id)
        waiting = [run for run in unended if run.status is RunStatus.QUEUED]
        if waiting and await _same_turn(work, waiting[-1], incoming):
            if await work.runs.join(waiting[-1].run_id, incoming.message_id):
                await work.conversations.add_question(waiting[-1], item, self._clock.now())
                return Joined(waiting[-1])
            waiting = waiting[:-1]  # another process has just begun it
        if len(waiting) >= MAX_WAITING:
            return Full(len(waiting))
        run = await self._add(work, incoming, item)
        return Queued(run, len(unended))

    async def _place_private(self, work: Work, incoming: Incoming, item: Item) -> Accepted:
        """It stands in no conversation's queue, only in its asker's own."""
        waiting = await work.runs.private_open(incoming.speaker.user_id)
        if waiting >= MAX_PRIVATE:
            return Full(waiting, private=True)
        return Queued(await self._add(work, incoming, item), 0)

    async def _add(self, work: Work, incoming: Incoming, item: Item) -> Run:
        command = incoming.addressing is Addressing.COMMAND
        run = await work.runs.add(
            place=incoming.place,
            asker=incoming.speaker,
            trigger_message_id=incoming.message_id,
            reply_to_message_id=None if command else incoming.message_id,
            locale=incoming.locale,
            private=incoming.private,
            now=self._clock.now(),
        )
        await work.conversations.add_question(run, item, self._clock.now())
        return run

    async def _item(self, incoming: Incoming) -> Item:
        await self._counter.load()
        command = incoming.addressing is Addressing.COMMAND
        item = Item(
            role=Role.USER,
            text=incoming.text,
            tokens=0,
            speaker=incoming.speaker,
            quote=self._shortened(incoming.quote),
            files=incoming.files,
            message_ids=() if command else (incoming.message_id,),
            created_at=self._clock.now(),
        )
        return dataclasses.replace(item, tokens=item_tokens(self._counter, item))

    def _shortened(self, quote: Quote | None) -> Quote | None:
        if quote is None:
            return None
        return dataclasses.replace(quote, text=self._counter.head(quote.text, MAX_QUOTE_TOKENS))


async def _same_turn(work: Work, waiting: Run, incoming: Incoming) -> bool:
    """A slash command is answered on its own: its answer belongs to its interaction."""
    return (
        incoming.addressing is not Addressing.COMMAND
        and waiting.reply_to_message_id is not None
        and waiting.asker.user_id == incoming.speaker.user_id
        and await work.conversations.asked(waiting.run_id) < MAX_JOINED
    )

"""One run from its prompt to the last edit of its answer.

    prepare ──► stream ──► finish     the answer is stored with its usage in the transaction that ends the run
                  │  └───► broken     what came is stored and marked
                  └──────► failed     the asker reads why; nothing of the turn enters history

The token reader never waits for Discord: `Delivery.show` only replaces what is to be shown.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.clock import Clock
from bot.context.prompt import item_tokens
from bot.context.tokens import TokenCounter
from bot.delivery.answer import Delivery, InteractionKey, Target
from bot.delivery.manuscript import Form
from bot.delivery.question import shown_above
from bot.delivery.scheduler import Scheduler
from bot.delivery.split import small_print
from bot.domain.conversation import Item, Role
from bot.domain.run import ANSWERED, FinishReason, Page, Run, RunStatus
from bot.errors import DeliveryError, ModelError, NotAllowed
from bot.llm.port import Finished, Model, RefusalDelta, TextDelta
from bot.llm.retry import wait_before_retry
from bot.runs.briefing import Brief, Briefing
from bot.runs.endings import IN_FILE, OUT_OF_TIME, STOPPED, Outcome, remark
from bot.runs.signs import WaitingSigns
from bot.storage import Storage, Work
from bot.words import Words, words
from bot.words.explain import explain

log = structlog.get_logger(__name__)

ANNOUNCED_WAIT = 3.0
"""Seconds of waiting for the model from which the asker is told."""
LONG_ANSWER = timedelta(seconds=20)
"""From the question to the end of its answer."""
SIGN_AFTER = timedelta(seconds=1)
"""A message that waited longer may carry a sign of another process."""


@dataclass(slots=True)
class _Draft:
    """The answer as it grows."""

    text: str = ""
    refusal: str = ""
    end: Finished | None = None
    out_of_time: bool = False
    """Ended because it can be shown no longer."""

    @property
    def whole(self) -> str:
        return self.text or self.refusal

    def outcome(self) -> Outcome:
        end = self.end or Finished(FinishReason.BROKEN, None)
        return Outcome(text=self.whole, reason=end.reason, usage=end.usage, model=end.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What a turn works with."""

    storage: Storage
    briefing: Briefing
    model: Model
    counter: TokenCounter
    scheduler: Scheduler
    targets: Callable[[Run], Target]
    notices: Callable[[Run], Target]
    """Where a run's asker is mentioned."""
    signs: WaitingSigns
    clock: Clock
    rng: random.Random


class TurnOfRun:
    """`owner` is the worker that holds the run's lease. Raises NotAllowed where all could read what is for one."""

    def __init__(self, studio: Studio, run: Run, owner: str) -> None:
        self._studio = studio
        self._run = run
        self._owner = owner
        self._words: Words = words(run.locale)
        self._draft = _Draft()
        self._brief: Brief | None = None
        self._target = _target(studio, run)
        self._form = Form(notice=self._words(IN_FILE), edited_only=isinstance(self._target.key, InteractionKey))
        self._delivery: Delivery = studio.scheduler.open(self._target, on_page=self._keep_page)

    async def carry_out(self) -> None:
        """Ends the run, whatever happens, except on cancellation: then see `interrupt`."""
        try:
            self._brief = await self._prepare()
            await self._stream(self._brief)
            await self._finish(self._draft.outcome())
        except ModelError as error:
            await self._fail(error)
        except DeliveryError as error:
            log.warning("answer_not_shown", run=self._run.run_id, error=repr(error))
            await self._end(RunStatus.FAILED, error=error)

    async def stop(self) -> None:
        """After cancellation by a reset: what is visible stays, with the reason below."""
        await self._show_ending(self._words(STOPPED))
        await self._end(RunStatus.CANCELLED)

    async def give_up(self) -> None:
        """After cancellation because another process has taken the run up: what is shown is now its business."""
        await self._delivery.abandon()

    async def interrupt(self) -> None:
        """After cancellation at the program's end: taken back if nothing was shown, else kept and marked.

        A private run is never taken back: the next process has no interaction to answer.
        """
        outcome = self._draft.outcome()
        if self._draft.end is None:
            if not self._delivery.shown and not self._run.private:
                await self._release()
                return
            outcome = replace(outcome, reason=FinishReason.INTERRUPTED)
        await self._finish(outcome)

    async def crash(self, error: Exception) -> None:
        """After an error that nobody foresaw: the asker reads that it was not their fault."""
        _ = self._words
        text = _("Something went wrong on my side, and the answer ends here. Please ask again.")
        if self._delivery.error is not None:
            self._begin_anew()
        if not isinstance(await self._show_ending(text), DeliveryError | None):
            # It is the answer that cannot be shown.
            self._draft = _Draft()
            self._begin_anew()
            await self._show_ending(text)
        await self._end(RunStatus.FAILED, error=error)

    def _begin_anew(self) -> None:
        self._delivery = self._studio.scheduler.open(self._target, pages=self._delivery.pages)
        self._delivery.present(self._form)

    async def _release(self) -> None:
        await self._delivery.abandon()
        async with self._studio.storage.write() as work:
            released = await work.runs.release(self._run.run_id, owner=self._owner)
        if not released:
            await self._end(RunStatus.CANCELLED)
        await self._withdraw()

    async def _withdraw(self) -> None:
        """Discord would say for good that the bot is thinking, though the answer comes as a message of the channel."""
        try:
            await self._target.withdraw()
        except DeliveryError as error:
            log.warning("promise_not_withdrawn", run=self._run.run_id, error=repr(error))

    async def _prepare(self) -> Brief:
        brief = await self._studio.briefing.prepare(self._run)
        ids = [message_id for item in brief.questions for message_id in item.message_ids]
        waited = self._studio.clock.now() - self._run.created_at > SIGN_AFTER
        self._studio.signs.clear(self._run.place.channel_id, ids, waited=waited)
        if self._run.reply_to_message_id is None and not self._run.private:
            self._form = replace(self._form, lead=shown_above(brief.questions[0].text))
        self._form = replace(self._form, messages=brief.showing.messages, previews=brief.showing.previews)
        self._delivery.present(self._form)
        return brief

    async def _stream(self, brief: Brief) -> None:
        for attempt in itertools.count(1):
            try:
                await self._read(brief)
                return
            except ModelError as error:
                wait = wait_before_retry(error, attempt, self._studio.rng)
                if wait is None or self._draft.whole:
                    raise
                log.warning("model_retry", run=self._run.run_id, attempt=attempt, wait=wait, error=repr(error))
                self._announce_wait(wait)
                await self._studio.clock.sleep(wait)
                self._raise_undelivered()

    async def _read(self, brief: Brief) -> None:
        draft = self._draft
        async with aclosing(self._studio.model.stream(brief.request)) as events:
            async for event in events:
                match event:
                    case TextDelta(text):
                        draft.text += text
                    case RefusalDelta(text):
                        draft.refusal += text
                    case Finished():
                        draft.end = event
                        continue
                if self._late and self._run.private:
                    draft.out_of_time = True
                    return
                await self._move_if_late()
                if draft.whole.strip() and brief.showing.live:
                    self._delivery.show(draft.whole)
                self._raise_undelivered()

    @property
    def _late(self) -> bool:
        """The answer belongs to an interaction, and Discord will soon take no more of it there."""
        until = self._target.until
        return until is not None and self._studio.clock.now() >= until

    async def _move_if_late(self) -> None:
        """A public answer goes on as messages of the channel, its pages included: they are the bot's own."""
        if not self._late or self._run.private:
            return
        pages = await self._delivery.abandon()
        if not pages:
            await self._withdraw()
        self._target = self._studio.targets(self._run)
        self._delivery = self._studio.scheduler.open(self._target, on_page=self._keep_page, pages=pages)
        self._delivery.present(self._form)

    def _raise_undelivered(self) -> None:
        if self._delivery.error is not None:
            raise self._delivery.error

    def _announce_wait(self, wait: float) -> None:
        if wait >= ANNOUNCED_WAIT:
            _ = self._words
            text = _("The model does not answer yet. Trying again in {wait:duration}…", wait=round(wait))
            self._delivery.show(small_print(text))

    async def _finish(self, outcome: Outcome) -> None:
        """Shows the end and stores it. An answer whose end cannot be shown is kept if people saw its beginning."""
        text = remark(outcome, self._brief.request.max_tokens if self._brief else 0, self._words)
        if self._draft.out_of_time:
            text = self._words(OUT_OF_TIME)
        status, error = outcome.status, None
        try:
            await self._move_if_late()
            await self._delivery.finish(outcome.text, remark=text)
        except DeliveryError as raised:
            log.warning("answer_not_shown", run=self._run.run_id, error=repr(raised))
            error = raised
            status = status if self._delivery.shown else RunStatus.FAILED
        await self._end(status, outcome=outcome, error=error)
        if error is None and status in ANSWERED:
            await self._tell_asker()

    async def _tell_asker(self) -> None:
        """Where it is wanted, and took so long that they may have turned to something else."""
        run, studio, pages = self._run, self._studio, self._delivery.pages
        took = studio.clock.now() - run.created_at
        if not (self._brief and self._brief.showing.notice and pages and took >= LONG_ANSWER) or run.private:
            return
        _ = self._words
        mention = f"<@{run.asker.user_id}>"
        text = _("{mention} Your answer is ready: {link}", mention=mention, link=_link(run, pages[0]))
        try:
            await studio.scheduler.open(studio.notices(run), silent=True).finish(text)
        except DeliveryError as error:
            log.warning("notice_not_shown", run=run.run_id, error=repr(error))

    async def _fail(self, error: ModelError) -> None:
        log.warning("run_failed", run=self._run.run_id, error=repr(error), request_id=error.request_id)
        await self._show_ending(explain(error, self._words))
        await self._end(RunStatus.FAILED, error=error)

    async def _show_ending(self, text: str) -> Exception | None:
        """Returns what kept it from being shown."""
        try:
            await self._move_if_late()
            await self._delivery.finish(self._draft.whole, remark=text)
        except Exception as error:  # whatever ended the delivery, the run still has to end
            log.warning("ending_not_shown", run=self._run.run_id, error=repr(error))
            return error
        return None

    async def _end(self, status: RunStatus, *, outcome: Outcome | None = None, error: Exception | None = None) -> None:
        brief = self._brief
        async with self._studio.storage.write() as work:
            ended = await work.runs.finish(
                self._run.run_id,
                owner=self._owner,
                status=status,
                now=self._studio.clock.now(),
                finish_reason=outcome.reason if outcome else None,
                usage=outcome.usage if outcome else None,
                model=(outcome.model if outcome else None) or (brief.request.model if brief else None),
                window_start=brief.window.start if brief else None,
                prefix_hash=brief.prefix_hash if brief else None,
                error=repr(error) if error else None,
            )
            if ended and brief and outcome and status in ANSWERED and not self._run.private:
                await self._remember(work, brief, outcome)
        log.info("run_ended", run=self._run.run_id, status=status.value, stored=ended)

    async def _remember(self, work: Work, brief: Brief, outcome: Outcome) -> None:
        """The answer, and from where on the next prompt has to begin if turns left this one for good."""
        await work.conversations.add_answer(self._run, self._answer(outcome), self._studio.clock.now())
        if brief.window.dropped:
            await work.conversations.set_window_start(self._run.place.channel_id, brief.window.start)

    def _answer(self, outcome: Outcome) -> Item:
        item = Item(role=Role.ASSISTANT, text=outcome.text, tokens=0)
        return Item(role=Role.ASSISTANT, text=outcome.text, tokens=item_tokens(self._studio.counter, item))

    async def _keep_page(self, page: Page) -> None:
        if self._run.private:
            return
        async with self._studio.storage.write() as work:
            await work.runs.add_page(self._run.run_id, page, self._run.place.channel_id)


def _link(run: Run, page: Page) -> str:
    return f"https://discord.com/channels/{run.place.guild_id or '@me'}/{run.place.channel_id}/{page.message_id}"


def _target(studio: Studio, run: Run) -> Target:
    target = studio.targets(run)
    if run.private and not isinstance(target.key, InteractionKey):
        raise NotAllowed("the interaction is over, and its answer is for one person alone")
    return target


async def end_unbegun(studio: Studio, run: Run, owner: str, error: Exception) -> None:
    """Of a run that has nowhere to be answered."""
    async with studio.storage.write() as work:
        await work.runs.finish(
            run.run_id, owner=owner, status=RunStatus.FAILED, now=studio.clock.now(), error=repr(error)
        )

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
from bot.delivery.scheduler import Scheduler
from bot.delivery.split import with_remark
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

    lead: str
    """Shown before the answer: the question, where Discord does not show it."""
    text: str = ""
    refusal: str = ""
    end: Finished | None = None
    out_of_time: bool = False
    """Ended because it can be shown no longer."""

    @property
    def whole(self) -> str:
        return self.text or self.refusal

    @property
    def visible(self) -> str:
        return self.lead + self.whole

    def outcome(self) -> Outcome:
        end = self.end or Finished(FinishReason.BROKEN, None)
        reason = FinishReason.REFUSAL if self.refusal and not self.text else end.reason
        return Outcome(text=self.whole, reason=reason, usage=end.usage, model=end.model)


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
        self._draft = _Draft(lead="")
        self._brief: Brief | None = None
        self._target = _target(studio, run)
        self._form = Form(notice=f"-# {self._words(IN_FILE)}")
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
        await self._close_pages(self._words(STOPPED))
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
            outcome = Outcome(text=outcome.text, reason=FinishReason.INTERRUPTED, usage=outcome.usage)
        await self._finish(outcome)

    async def crash(self, error: Exception) -> None:
        """After an error that nobody foresaw: the asker reads that it was not their fault."""
        _ = self._words
        if self._delivery.error is not None:
            self._delivery = self._studio.scheduler.open(self._target, pages=self._delivery.pages)
            self._delivery.present(self._form)
        await self._close_pages(_("Something went wrong on my side, and the answer ends here. Please ask again."))
        await self._end(RunStatus.FAILED, error=error)

    async def _release(self) -> None:
        await self._delivery.abandon()
        async with self._studio.storage.write() as work:
            released = await work.runs.release(self._run.run_id, owner=self._owner)
        if not released:
            await self._end(RunStatus.CANCELLED)

    async def _prepare(self) -> Brief:
        brief = await self._studio.briefing.prepare(self._run)
        ids = [message_id for item in brief.questions for message_id in item.message_ids]
        waited = self._studio.clock.now() - self._run.created_at > SIGN_AFTER
        self._studio.signs.clear(self._run.place.channel_id, ids, waited=waited)
        if self._run.reply_to_message_id is None and not self._run.private:
            self._draft.lead = _question_shown(brief.questions)
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
                if draft.whole.strip() and brief.showing.live:
                    self._delivery.show(draft.visible)
                if self._late and self._run.private:
                    draft.out_of_time = True
                    return
                await self._move_if_late()
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
        self._target = self._studio.targets(self._run)
        self._delivery = self._studio.scheduler.open(self._target, on_page=self._keep_page, pages=pages)
        self._delivery.present(self._form)

    def _raise_undelivered(self) -> None:
        if self._delivery.error is not None:
            raise self._delivery.error

    def _announce_wait(self, wait: float) -> None:
        if wait >= ANNOUNCED_WAIT:
            _ = self._words
            text = _("The model is busy. Trying again in {wait:duration}…", wait=round(wait))
            self._delivery.show(f"{self._draft.lead}-# {text}")

    async def _finish(self, outcome: Outcome) -> None:
        """Shows the end and stores it. An answer whose end cannot be shown is kept if people saw its beginning."""
        text = remark(outcome, self._brief.request.max_tokens if self._brief else 0, self._words)
        if self._draft.out_of_time:
            text = self._words(OUT_OF_TIME)
        status, error = outcome.status, None
        try:
            await self._move_if_late()
            await self._delivery.finish(self._with_remark(outcome.text, text))
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
        await self._close_pages(explain(error, self._words))
        await self._end(RunStatus.FAILED, error=error)

    async def _close_pages(self, text: str) -> None:
        try:
            await self._move_if_late()
            await self._delivery.finish(self._with_remark(self._draft.whole, text))
        except Exception as error:  # whatever ended the delivery, the run still has to end
            log.warning("ending_not_shown", run=self._run.run_id, error=repr(error))

    def _with_remark(self, answer: str, text: str | None) -> str:
        return self._draft.lead + with_remark(answer, text)

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


def _question_shown(questions: tuple[Item, ...]) -> str:
    """Discord shows that somebody used `/ask`, not what was asked. No block of code begins in one line."""
    asked = " ".join(questions[0].text.replace("```", "`").split())
    return f"> {asked if len(asked) <= 300 else asked[:299] + '…'}\n"

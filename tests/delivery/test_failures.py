"""What becomes of an answer where calls fail, and where it ends before all is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from bot.delivery.answer import Delivery, InteractionKey, Posted
from bot.delivery.budget import RateLimit
from bot.delivery.manuscript import Form, Manuscript
from bot.domain.run import Page
from bot.errors import DiscordRefused, MessageGone, NotAllowed
from tests.delivery.discord_double import Channel
from tests.delivery.world import SERVER_ERROR, World, assert_tried_for_a_minute, started, world

LONG = "word " * 900
"""Three pages."""


async def test_the_pauses_after_failures_double_up_to_a_limit_and_begin_anew_after_a_success() -> None:
    async with world(latency=0.0) as here:
        here.discord.faults += [("create", SERVER_ERROR)] * 7
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there")
        await here.clock.advance(60)
        creates = [at for at, _, route in here.discord.calls if route == "create"]
        assert [later - earlier for earlier, later in pairwise(creates)] == pytest.approx([0.5, 1, 2, 4, 8, 8, 8])
        here.discord.faults += [("edit", SERVER_ERROR)]
        delivery.show("Hello there, more")
        await here.clock.advance(60)
        first, second = [at for at, _, route in here.discord.calls if route == "edit"]
        assert second - first == pytest.approx(1.25, abs=0.02), "the pause is over before the step"
        await delivery.abandon()


@pytest.mark.parametrize("status", [0, 429, 500, 503])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    async with world() as here:
        here.discord.faults.append(("create", DiscordRefused(status, 0, "not now")))
        assert len(await _finished(here, here.scheduler.open(Channel(here.discord, 1)), "Hello")) == 1


@pytest.mark.parametrize("failures", [11, 12])
async def test_what_failed_before_the_end_takes_none_of_the_last_texts_attempts(failures: int) -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.faults += [("edit", SERVER_ERROR)] * 3
        delivery.show("Hello there, more")
        await here.clock.advance(4)
        assert not here.discord.faults
        await assert_tried_for_a_minute(here, delivery, failures)


async def test_a_follow_up_whose_answer_was_lost_is_looked_for_before_it_is_made_again() -> None:
    async with world() as here:
        channel = Channel(here.discord, InteractionKey("token"))
        delivery = here.scheduler.open(channel)
        delivery.show("Hello ")
        await here.clock.advance(1)
        here.discord.lost.append(SERVER_ERROR)
        await here.run(asyncio.ensure_future(delivery.finish(LONG)))
        assert len(here.discord.messages) == len(delivery.pages) == 3
        assert sorted(channel.doubted) == [False, False, False, True]


async def test_only_what_was_made_and_not_heard_of_is_looked_for() -> None:
    async with world() as here:
        channel = Channel(here.discord, InteractionKey("token"))
        delivery = here.scheduler.open(channel)
        for text in ("Hello.", LONG, "Sorry.", LONG):
            await _finished(here, delivery, text)
            here.discord.lost += [SERVER_ERROR] * (text == "Hello.")
        assert channel.doubted == [False, False, True, False, False, False]


async def test_every_surplus_page_is_deleted_once_however_long_that_takes() -> None:
    """Discord takes five deletions at a time."""
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        await here.run(asyncio.ensure_future(delivery.finish("word " * 3_500)))
        assert len(delivery.pages) == 9
        await here.run(asyncio.ensure_future(delivery.finish("Sorry.")))
        assert list(here.discord.messages.values()) == ["Sorry."]
        assert [route for _, _, route in here.discord.calls].count("delete") == 8
        assert not here.discord.refused


@pytest.mark.parametrize("failing", [1, 2])
async def test_a_surplus_page_whose_deletion_failed_is_deleted_after_the_others(failing: int) -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        await here.run(asyncio.ensure_future(delivery.finish(LONG)))
        here.discord.faults += [("delete", SERVER_ERROR)] * failing
        await here.run(asyncio.ensure_future(delivery.finish("Sorry.")))
        assert list(here.discord.messages.values()) == ["Sorry."]


async def test_old_pages_are_deleted_as_fast_as_new_ones() -> None:
    """Only their edits are counted apart."""
    async with world() as here:
        ids = [here.discord.new_id() + number for number in range(6)]
        here.discord.messages.update(dict.fromkeys(ids, "Old"))
        await here.clock.advance(3_600)
        pages = [Page(position=position, message_id=message_id) for position, message_id in enumerate(ids)]
        await _finished(here, here.scheduler.open(Channel(here.discord, 1), pages=pages), "New")
        assert list(here.discord.messages.values()) == ["New"]
        assert here.clock.monotonic() - 3_600 < 1


async def test_a_surplus_page_that_somebody_deleted_is_gone_all_the_same() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        _, second, _ = await _finished(here, delivery, LONG)
        del here.discord.messages[second.message_id]
        assert len(await _finished(here, delivery, "Sorry.")) == 1
        assert list(here.discord.messages.values()) == ["Sorry."]


async def test_pages_that_are_taken_up_may_have_gaps() -> None:
    async with world() as here:
        here.discord.messages.update({7: "Old", 9: "older"})
        pages = [Page(position=0, message_id=7), Page(position=2, message_id=9)]
        assert await _finished(here, here.scheduler.open(Channel(here.discord, 1), pages=pages), "New") == pages[:1]
        assert here.discord.messages == {7: "New"}


async def test_of_two_calls_that_fail_at_once_the_first_error_counts_and_both_are_over() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        await here.run(asyncio.ensure_future(delivery.finish(LONG)))
        here.discord.faults += [("edit", MessageGone()), ("edit", NotAllowed())]
        calls = len(here.discord.calls)
        finish = asyncio.ensure_future(delivery.finish(LONG.replace("word", "more")))
        with pytest.raises(MessageGone):
            await asyncio.gather(finish, here.run(finish, step=0.001))
        assert len(here.discord.calls) == calls + 3 and not here.discord.faults
        assert delivery.at_rest


async def test_what_was_written_while_a_call_was_under_way_is_not_shown_after_an_abandon() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there")
        await here.clock.advance(0.01)
        delivery.show("Hello there, more")
        await here.run(asyncio.ensure_future(delivery.abandon()))
        await here.clock.advance(20)
        assert list(here.discord.messages.values()) == ["Hello there"]


async def test_nothing_is_shown_after_the_end() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        await here.run(asyncio.ensure_future(delivery.finish("Hello there.")))
        delivery.show("Hello there. More")
        await here.clock.advance(20)
        assert list(here.discord.messages.values()) == ["Hello there."]


@pytest.mark.parametrize("text", ["", "Hello there"])
async def test_an_answer_that_was_abandoned_is_forgotten(text: str) -> None:
    """For each that is under way, another one's sign of typing waits a little."""
    async with world(latency=0.0) as here:
        for key in range(40):
            delivery = here.scheduler.open(Channel(here.discord, key))
            delivery.show(text)
            await here.clock.advance(1)
            await delivery.abandon()
        channel = Channel(here.discord, "alone")
        asked = here.clock.monotonic()
        here.scheduler.open(channel)
        await here.clock.advance(1)
        assert channel.typed == [asked]


async def test_the_end_of_the_program_ends_what_waits_for_a_limit() -> None:
    async with world() as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=100.0))
        finish = asyncio.ensure_future(delivery.finish("Hello there. The end."))
        await here.clock.advance(1)
        await here.scheduler.close()
        with pytest.raises(DiscordRefused, match="ending"):
            await asyncio.wait_for(finish, 1)


async def test_the_end_of_the_program_ends_a_call_that_has_not_begun() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there")
        await here.scheduler.close()
        assert await asyncio.wait_for(delivery.abandon(), 1) == ()
        with pytest.raises(DiscordRefused, match="ending"):
            await asyncio.wait_for(delivery.finish("Hello there."), 1)


async def test_a_text_that_was_taken_back_before_it_was_sent_costs_no_call() -> None:
    async with world() as here:
        delivery = await started(here)
        for text in ("Hello there, more", "Hello there, more and more", "Hello there, more"):
            delivery.show(text)
            await here.clock.advance(0.3)
        await here.clock.advance(20)
        assert [route for _, _, route in here.discord.calls].count("edit") == 1
        await delivery.abandon()


async def test_a_notice_that_waits_for_a_limit_is_not_announced() -> None:
    async with world() as here:
        here.scheduler.learn(1, "create", RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=9.0))
        channel = Channel(here.discord, 1)
        await _finished(here, here.scheduler.open(channel, silent=True), "Your answer is ready.")
        assert channel.typed == [] and len(channel.seen) == 1


async def _finished(here: World, delivery: Delivery, text: str) -> list[Page]:
    finish = asyncio.ensure_future(delivery.finish(text))
    await here.run(finish)
    return list(finish.result())


async def test_a_page_that_was_made_unheard_of_does_not_stay_where_the_answer_needs_it_no_more() -> None:
    for key in (1, InteractionKey("token")):
        async with world() as here:
            delivery = here.scheduler.open(Channel(here.discord, key))
            delivery.show("Hello ")
            await here.clock.advance(1)
            here.discord.lost.append(SERVER_ERROR)
            delivery.show(LONG)
            await here.run(asyncio.ensure_future(_until(here, lambda: not here.discord.lost)))
            assert len(await _finished(here, delivery, "Sorry.")) == 1
            assert list(here.discord.messages.values()) == ["Sorry."]


async def test_a_page_that_was_refused_is_not_made_to_be_taken_away() -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.faults.append(("create", DiscordRefused(429, 0, "too many")))
        delivery.show(LONG)
        await here.run(asyncio.ensure_future(_until(here, lambda: not here.discord.faults)))
        await _finished(here, delivery, "Sorry.")
        assert [route for _, _, route in here.discord.calls].count("create") == 2


async def test_an_answer_of_the_server_that_names_no_message_is_none() -> None:
    async with world() as here:

        class Garbled(Channel):
            async def create(self, *of: Any, again: bool = False, **more: Any) -> Posted:
                posted = await Channel.create(self, *of, again=again, **more)
                return posted if again else Posted()

        pages = await _finished(here, here.scheduler.open(Garbled(here.discord, 1)), "Hello")
        assert {page.message_id: "Hello" for page in pages} == here.discord.messages


async def test_an_answer_that_cannot_be_laid_out_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out = Manuscript.lay_out

    def failing(manuscript: Manuscript) -> tuple[str, ...]:
        if "poison" in manuscript.text:
            raise RecursionError
        return lay_out(manuscript)

    async with world(latency=0.0) as here:
        poisoned, sound = await started(here), here.scheduler.open(Channel(here.discord, 2))
        sound.show("Hello")
        await here.clock.advance(0.5)
        monkeypatch.setattr(Manuscript, "lay_out", failing)
        poisoned.show("Hello there, poison")
        sound.show("Hello there")
        await here.clock.advance(5)
        assert sorted(here.discord.messages.values()) == ["Hello there"] * 2
        with pytest.raises(RecursionError):
            await poisoned.finish("Hello there, poison")
        await _finished(here, sound, "Hello there.")


async def test_no_sign_of_typing_is_shown_after_an_abandon() -> None:
    async with world(latency=0.0) as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        delivery.present(Form(messages=1, notice="The rest is in the file."))
        for number in range(60):
            delivery.show("word " * 500 + str(number))
            await here.clock.advance(0.1)
        here.discord.latency, abandoned = 5.0, len(channel.typed)
        delivery.show("text " * 700)
        await here.clock.advance(2.0)
        await here.run(asyncio.ensure_future(delivery.abandon()))
        assert len(channel.typed) == abandoned


async def _until(here: World, reached: Callable[[], bool]) -> None:
    while not reached():
        await here.clock.sleep(0.05)

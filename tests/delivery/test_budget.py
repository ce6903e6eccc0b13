"""What the answers tell of the limits, and what becomes of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.delivery.budget import GlobalRate, RateLimit
from bot.domain.run import Page
from tests.delivery.discord_double import Bucket, Channel, Fault
from tests.delivery.world import SERVER_ERROR, World, started, world


def full(reset_after: float) -> RateLimit:
    return RateLimit(limit=5, remaining=0, reset_after=reset_after)


@pytest.mark.parametrize(("second", "expected"), [(2.5, 3.5), (3.5, 4.0)])
async def test_of_several_answers_the_fastest_knows_best_when_a_window_ends(second: float, expected: float) -> None:
    """By its own journey, each tells of an end that is too late."""
    async with world(latency=0.0, headers=False) as here:
        delivery = await started(here)
        told = here.clock.monotonic()
        here.scheduler.learn(1, "edit", full(4.0))
        await here.clock.advance(1.0)
        here.scheduler.learn(1, "edit", full(second))
        await here.run(asyncio.ensure_future(delivery.finish("Hello there. The end.")), step=0.01)
        assert here.clock.monotonic() - told == pytest.approx(expected + 0.05, abs=0.02)


async def test_an_answer_that_was_overtaken_by_one_of_the_next_window_tells_nothing() -> None:
    async with world(latency=0.0, headers=False) as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=5, remaining=4, reset_after=5.0))
        here.scheduler.learn(1, "edit", full(0.3))
        told = here.clock.monotonic()
        await here.run(asyncio.ensure_future(delivery.finish("Hello there. The end.")), step=0.01)
        assert here.clock.monotonic() - told < 0.05


async def test_what_others_are_told_says_nothing_of_calls_of_ours_that_are_under_way() -> None:
    async with world(latency=0.1, headers=False) as here:
        bucket = here.discord.buckets[1, "create"] = Bucket()
        finish = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish("word " * 3_500))
        for _ in range(2):
            assert bucket.take(here.clock.monotonic())
        await here.clock.advance(0.03)
        here.scheduler.learn(1, "create", RateLimit(limit=5, remaining=3, reset_after=5.0, ours=False))
        await here.run(finish)
        assert len(finish.result()) == 9 and not here.discord.refused


async def test_a_call_that_is_made_anew_by_itself_counts_each_time() -> None:
    async with world(latency=0.05) as here:
        here.discord.stumbling = True
        await finished(here, range(24))
        here.discord.stumbling = False
        await finished(here, range(24, 44))
        assert not here.discord.refused
        assert 1.0 < here.clock.monotonic() < 1.5


async def test_where_a_window_takes_one_call_an_intermediate_text_may_be_it() -> None:
    async with world(latency=0.0, headers=False) as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=1, remaining=0, reset_after=1.0))
        delivery.show("Hello there, more")
        await here.clock.advance(3.0)
        assert list(here.discord.messages.values()) == ["Hello there, more"]
        await delivery.abandon()


async def test_calls_that_outlast_their_window_count_in_the_next_one_too() -> None:
    async with world(latency=7.0, headers=False) as here:
        here.discord.messages.update(dict.fromkeys(ids := [here.discord.new_id() + n for n in range(8)], "Old"))
        pages = [Page(position=position, message_id=message_id) for position, message_id in enumerate(ids)]
        delivery = here.scheduler.open(Channel(here.discord, 1), pages=pages)
        await here.run(asyncio.ensure_future(delivery.finish("word " * 3_100)))
        assert not here.discord.refused and "Old" not in here.discord.messages.values()


async def test_where_no_header_tells_of_a_window_a_last_text_finds_a_slot_all_the_same() -> None:
    async with world(latency=0.06, headers=False) as here:
        for key in range(12):
            delivery = here.scheduler.open(Channel(here.discord, key))
            for number in range(70 + 2 * key):
                delivery.show("word " * (number + 1))
                await here.clock.advance(0.1)
            asked = here.clock.monotonic()
            await here.run(asyncio.ensure_future(delivery.finish("word " * 120)), step=0.01)
            assert here.clock.monotonic() - asked < 0.25
        assert not here.discord.refused


async def test_a_call_that_was_never_seen_to_leave_counts_from_its_end() -> None:
    async with world(latency=0.05) as here:
        here.discord.scheduler = None  # which tells the scheduler nothing
        for number in range(3):
            await finished(here, range(40 * number, 40 * number + 40))
        assert not here.discord.refused
        assert here.clock.monotonic() < 4.0


async def test_a_sign_of_typing_is_renewed_as_long_as_it_takes_and_once_for_all_of_a_channel() -> None:
    async with world(latency=0.05) as here:
        channel = Channel(here.discord, 1)
        for _ in range(3):
            here.scheduler.open(channel)
            await here.clock.advance(0.5)
        await here.clock.advance(62.0)
        assert channel.typed == pytest.approx(range(0, 64, 8))


async def test_a_sign_of_typing_keeps_to_its_limit() -> None:
    async with world(latency=0.05) as here:
        here.scheduler.learn(1, "typing", full(6.0))
        channel = Channel(here.discord, 1)
        here.scheduler.open(channel)
        await here.clock.advance(7.0)
        assert channel.typed == pytest.approx([6.05])


async def finished(here: World, keys: range) -> None:
    """An answer in each of the channels."""
    answers = [here.scheduler.open(Channel(here.discord, key), silent=True) for key in keys]
    await here.run(asyncio.ensure_future(asyncio.gather(*(answer.finish("Hello") for answer in answers))))


@pytest.mark.parametrize(("limit", "remaining"), [(5, 9), (0, 0), (0, 5), (-1, -1)])
async def test_headers_that_make_no_sense_stop_nothing(limit: int, remaining: int) -> None:
    async with world(headers=False) as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=limit, remaining=remaining, reset_after=2.0))
        delivery.show("Hello there, more")
        await here.clock.advance(5.0)
        await finished(here, range(1, 3))
        await here.run(asyncio.ensure_future(delivery.finish("Hello there. The end.")))


async def test_routes_whose_buckets_part_again_have_budgets_of_their_own() -> None:
    async with world(latency=0.0, headers=False) as here:
        for bucket in ("both", "of its own"):
            for route in ("create", "edit"):
                name = bucket if route == "edit" else "both"
                here.scheduler.learn(1, route, RateLimit(limit=5, remaining=5, reset_after=1.0, bucket=name))
        await here.clock.advance(2.0)
        made = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish("word " * 1_500))
        await here.run(made)
        anew = here.scheduler.open(Channel(here.discord, 1), pages=made.result())
        await here.run(asyncio.ensure_future(anew.finish("text " * 1_500)))
        assert here.clock.monotonic() < 2.5 and len(here.discord.calls) >= 8


async def test_what_was_counted_outlasts_a_short_429() -> None:
    """It may be for another limit than the one that the headers tell of."""
    async with world(latency=0.02) as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        for word in ("word ", "more ", "text "):
            await here.run(asyncio.ensure_future(delivery.finish(word * 900)), step=0.01)
            told = RateLimit(limit=5, remaining=2, reset_after=4.5, retry_after=0.3)
            here.scheduler.learn(1, "edit", told)
        assert not here.discord.refused
        assert [route for _, _, route in here.discord.calls].count("edit") == 6


async def test_an_answer_does_not_tell_of_a_call_beside_it_whose_own_was_lost() -> None:
    async with world(latency=0.02) as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        await here.run(asyncio.ensure_future(delivery.finish("word " * 600)), step=0.01)
        faults = iter((Fault(delay=0.1), *[Fault(error=SERVER_ERROR, silent=True)] * 2, Fault(silent=True)))
        here.discord.trouble = lambda _channel, route: next(faults, Fault()) if route == "edit" else Fault()
        for word in ("more ", "text "):
            await here.run(asyncio.ensure_future(delivery.finish(word * 600)), step=0.01)
        assert not here.discord.refused
        assert [route for _, _, route in here.discord.calls].count("edit") == 6


def test_a_call_that_is_repeated_tells_nothing_of_how_journeys_differ() -> None:
    """Its answer is to the last request, and what it waited between them is no journey."""
    rate = GlobalRate(50)
    for moment in range(10):
        departure = rate.start()
        rate.leave(moment, departure)
        rate.observe(moment + 0.01, departure)
    steady = rate.horizon
    departure = rate.start()
    for moment in (20, 21):
        rate.leave(moment, departure)
    rate.observe(21.01, departure)
    assert rate.horizon == steady

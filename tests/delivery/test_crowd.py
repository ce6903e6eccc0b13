"""Where many answers are under way at once, and the rate over all channels is what holds them up."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.delivery.answer import InteractionKey
from bot.delivery.budget import RateLimit
from bot.delivery.manuscript import Form
from bot.delivery.scheduler import MAX_IDLE_LANES
from bot.delivery.split import split
from bot.domain.run import Page
from tests.delivery.discord_double import Channel
from tests.delivery.test_scheduler import Stream, stream_all
from tests.delivery.world import SERVER_ERROR, World, world


async def test_first_texts_are_not_held_up_by_second_ones() -> None:
    async with world(latency=0.06) as here:
        streams = [Stream(here, Channel(here.discord, key), 2.0, start=key / 60) for key in range(60)]
        await stream_all(here, streams)
    delays = [stream.first_delay for stream in streams]
    assert sum(delays) / len(delays) < 0.2
    assert max(delays) < 0.6


async def test_answers_in_one_channel_are_shown_equally_often() -> None:
    async with world(latency=0.06) as here:
        streams = [Stream(here, Channel(here.discord, 1), 9.0, start=key / 10) for key in range(3)]
        await stream_all(here, streams)
    shown = [len(stream.channel.seen) for stream in streams]
    assert max(shown) - min(shown) <= 1 and sum(shown) >= 12


TABLE = "Intro\n\n| name of a long column here | other long column of it |\n|---|---|\n" + "| a | 1 |\n" * 220
EMOJI = "😀😀😀😀😀😀😀😀😀 " * 220


@pytest.mark.parametrize("text", [TABLE, EMOJI], ids=["table", "emoji"])
async def test_texts_that_take_more_room_than_they_look_are_whole_where_the_rate_is_short(text: str) -> None:
    """A page may be full before its edit is let through: it is its last one then, and goes as such."""

    async def write(key: int) -> None:
        await here.clock.sleep(key * 0.003)
        delivery = here.scheduler.open(Channel(here.discord, key))
        delivery.present(Form(messages=20))
        for end in range(0, len(text), 10):
            delivery.show(text[:end])
            await here.clock.sleep(0.04)
        pages = await delivery.finish(text)
        assert [here.discord.messages[page.message_id] for page in pages] == [page.text for page in split(text)]

    async with world() as here:
        await here.run(asyncio.ensure_future(asyncio.gather(*(write(key) for key in range(36)))))
    assert here.discord.refused == []


async def test_a_page_that_failed_waits_for_its_pause_beside_another_answer() -> None:
    """The channel's turn comes to the other one meanwhile."""
    async with world(latency=0.05) as here:
        tried: list[float] = []

        class Failing(Channel):
            async def edit(self, message_id: int, text: str) -> None:
                tried.append(here.clock.monotonic())
                raise SERVER_ERROR

        first, second = here.scheduler.open(Failing(here.discord, 1)), here.scheduler.open(Channel(here.discord, 1))
        for number in range(600):
            await here.clock.advance(0.05)
            first.show("a" * number)
            second.show("b" * number)
        await first.abandon()
        await second.abandon()
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert [pause >= least for pause, least in zip(pauses, (0.5, 1, 2, 4, 8, 8), strict=False)] == [True] * len(pauses)
    assert len(pauses) >= 4


async def test_those_that_only_wait_hold_nobody_up() -> None:
    async with world(latency=0.06) as here:
        for key in range(1, 300):
            here.scheduler.open(Channel(here.discord, key))
        stream = Stream(here, Channel(here.discord, 0), 8.0)
        await stream_all(here, [stream])
    assert stream.mean_age() < 0.85


async def test_a_sign_of_typing_is_put_off_by_those_before_it_but_not_for_long() -> None:
    async with world(latency=0.02) as here:
        channels = [Channel(here.discord, key) for key in range(30)]
        for channel in channels:
            here.scheduler.open(channel)
        await here.clock.advance(5)
    first = [channel.typed[0] for channel in channels]
    assert first[0] == 0.0
    assert sum(at == pytest.approx(2.0, abs=0.2) for at in first) == 25, "as many as signs may use of a second"
    assert max(first) < 3.3


async def test_a_sign_of_typing_counts_those_that_came_since() -> None:
    """The one that was alone is followed by a crowd: what its calls leave, their first texts need."""
    async with world(latency=0.02) as here:
        channels = [Channel(here.discord, key) for key in range(4)]
        for channel in channels[:2]:
            here.scheduler.open(channel)
        await here.clock.advance(0.05)
        for channel in channels[2:]:
            here.scheduler.open(channel)
        await here.clock.advance(3)
    assert [channel.typed[0] for channel in channels] == pytest.approx([0.0, 0.3, 0.35, 0.35], abs=0.05)


async def test_interactions_wait_for_no_channel_and_no_channel_for_them() -> None:
    """They do not count against the global rate."""
    async with world(latency=0.05) as here:
        keys = [*(InteractionKey(f"token {number}", number) for number in range(60)), *range(45)]
        answers = [here.scheduler.open(Channel(here.discord, key), silent=True) for key in keys]
        await here.run(asyncio.ensure_future(asyncio.gather(*(answer.finish("Hello") for answer in answers))))
        assert here.clock.monotonic() < 0.2


async def test_an_interaction_goes_on_while_the_global_rate_is_used_up() -> None:
    async with world(latency=0.05) as here:
        stream = Stream(here, Channel(here.discord, InteractionKey("token", 7)), 5.0)
        waiting = here.scheduler.open(Channel(here.discord, 1))
        here.scheduler.learn(
            1, "edit", RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=30.0, everywhere=True)
        )
        waiting.show("Hello ")
        await stream_all(here, [stream])
        assert stream.mean_age() < 0.5 and not waiting.pages


async def test_what_is_known_of_a_channel_is_kept_while_its_windows_last() -> None:
    """However many channels others post in."""
    async with world() as here:
        for key, remaining in ((0, 0), *((key, 4) for key in range(1, MAX_IDLE_LANES + 10))):
            here.scheduler.learn(key, "create", RateLimit(limit=5, remaining=remaining, reset_after=4.0))
        await here.run(asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 0)).finish("Hello")))
        assert here.clock.monotonic() > 4.0


async def test_a_channel_where_somebody_waits_for_an_answer_is_not_forgotten() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 0))
        await here.clock.advance(6.0)
        for key in range(1, MAX_IDLE_LANES + 10):
            here.scheduler.learn(key, "create", RateLimit(limit=5, remaining=4, reset_after=4.0))
        here.discord.headers = False
        for number in range(100):
            delivery.show("word " * (number + 1))
            await here.clock.advance(0.1)
        await here.run(asyncio.ensure_future(delivery.finish("word " * 101)))
        assert not here.discord.refused
        edits = [at for at, _, route in here.discord.calls if route == "edit"]
        assert min(later - earlier for earlier, later in pairwise(edits[:-1])) > 1.0


async def grown(here: World, channels: list[Channel], seconds: float) -> None:
    """An answer in each channel, which grows all the time."""
    deliveries = [here.scheduler.open(channel, silent=True) for channel in channels]
    for number in range(1, int(seconds * 20)):
        for delivery in deliveries:
            delivery.show("a " * number)
        await here.clock.advance(0.05)


async def test_a_text_that_waited_for_the_rate_is_shown_though_nothing_else_happens() -> None:
    async with world(rate=4, latency=0.0, headers=False) as here:
        channels = [Channel(here.discord, key) for key in range(4)]
        deliveries = [here.scheduler.open(channel, silent=True) for channel in channels]
        for delivery in deliveries:
            delivery.show("Hello ")
        await here.clock.advance(5.0)
        for delivery in deliveries:
            delivery.show("Hello there ")
        await here.clock.advance(0.2)
        assert sum(len(channel.seen) for channel in channels) == 6, "two of them in a second"
        await here.clock.advance(2.0)
        assert sum(len(channel.seen) for channel in channels) == 8


async def test_where_the_rate_is_short_the_channels_are_shown_in_turn() -> None:
    async with world(rate=10, latency=0.0, headers=False) as here:
        channels = [Channel(here.discord, key) for key in range(20)]
        await grown(here, channels, 24.0)
    seen = [[at for at, _, _ in channel.seen if at > 5.0] for channel in channels]
    assert min(map(len, seen)) >= 5 and sum(map(len, seen)) > 110
    assert max(later - earlier for moments in seen for earlier, later in pairwise(moments)) < 3.5


async def test_where_the_rate_is_short_a_first_text_does_not_wait_for_edits() -> None:
    async with world(rate=10, latency=0.0, headers=False) as here:
        growing = asyncio.ensure_future(grown(here, [Channel(here.discord, key) for key in range(20)], 12.0))
        delays: list[tuple[float, Channel]] = []
        while not growing.done():
            await asyncio.sleep(0)
            if here.clock.monotonic() > 5.0 + len(delays):
                channel = Channel(here.discord, 100 + len(delays))
                delays.append((here.clock.monotonic(), channel))
                here.scheduler.open(channel, silent=True).show("Hello there ")
    assert len(delays) >= 6
    assert all(channel.seen[0][0] - asked < 0.12 for asked, channel in delays)


async def test_old_messages_that_were_edited_just_now_are_not_forgotten() -> None:
    async with world(headers=False) as here:
        old = here.discord.new_id()
        here.discord.messages[old] = "Old"
        await here.clock.advance(3_600)
        pages = [Page(position=0, message_id=old)]
        for number in range(3):
            finish = here.scheduler.open(Channel(here.discord, 0), pages=pages).finish(f"New {number}")
            await here.run(asyncio.ensure_future(finish))
        await here.clock.advance(4.9)
        for key in range(1, MAX_IDLE_LANES + 10):
            here.scheduler.learn(key, "create", RateLimit(limit=5, remaining=4, reset_after=4.0))
        await here.run(asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 0), pages=pages).finish("New")))
        edits = [at for at, _, route in here.discord.calls if route == "edit"]
        assert len(edits) == 4 and edits[3] - edits[0] > 6.0

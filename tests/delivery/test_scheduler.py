"""The figures of the runs are logged: `pytest --log-cli-level=INFO`."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.answer import EDIT_GAP, InteractionKey, Route
from bot.delivery.budget import RateLimit
from bot.delivery.manuscript import Form
from bot.delivery.split import PageText, Splitter, split
from bot.domain.run import Page
from bot.errors import ChannelGone, DiscordRefused, MessageGone, NotAllowed
from tests.delivery.discord_double import Channel
from tests.delivery.world import SERVER_ERROR, World, assert_tried_for_a_minute, started, world

log = logging.getLogger(__name__)

TOKENS_PER_SECOND = 40


@dataclass
class Stream:
    """An answer that arrives token by token."""

    world: World
    channel: Channel
    seconds: float
    start: float = 0.0
    written: list[tuple[float, int]] = field(default_factory=list)
    """When how many characters of the answer had been written."""
    pages: tuple[Page, ...] = ()
    finished: float = 0.0
    ended: float = 0.0
    text: str = ""

    async def run(self) -> None:
        clock = self.world.clock
        await clock.sleep(self.start)
        delivery = self.world.scheduler.open(self.channel)
        for number in range(int(self.seconds * TOKENS_PER_SECOND)):
            await clock.sleep(1 / TOKENS_PER_SECOND)
            self.text += f"w{number} " if number % 40 else "line\n"
            self.written.append((clock.monotonic(), len(self.text)))
            delivery.show(self.text)
        self.finished = clock.monotonic()
        self.pages = await delivery.finish(self.text + "end.")
        self.ended = clock.monotonic()

    @property
    def visible_at_end(self) -> str:
        return " ".join(self.world.discord.messages[page.message_id] for page in self.pages)

    @property
    def first_delay(self) -> float:
        return self.channel.seen[0][0] - self.written[0][0]

    def mean_age(self) -> float:
        """Seconds by which what is visible lags behind what is written, averaged over the answer in steps of 20 ms."""
        now, last, shown, ages = self.channel.seen[0][0], self.written[-1][0], 0, []
        while now < last:
            shown = max(shown, self._shown_at(now))
            ages.append(
                now - next(at for at, length in self.written if length > shown) if shown < len(self.text) else 0
            )
            now += 0.02
        return sum(ages) / len(ages)

    def _shown_at(self, now: float) -> int:
        texts: dict[int, str] = {}
        for at, message_id, text in self.channel.seen:
            if at <= now:
                texts[message_id] = text
        return sum(len(text) + 1 for text in texts.values()) - 1


async def stream_all(world: World, streams: list[Stream]) -> None:
    await world.run(asyncio.ensure_future(asyncio.gather(*(stream.run() for stream in streams))))
    assert not world.discord.refused
    for stream in streams:
        assert stream.visible_at_end.split() == (stream.text + "end.").split()
        assert stream.channel.positions == sorted(stream.channel.positions)


def report(title: str, streams: list[Stream]) -> tuple[float, float, float]:
    ages = [stream.mean_age() for stream in streams]
    first = max(stream.first_delay for stream in streams)
    end = max(stream.ended - stream.finished for stream in streams)
    mean = sum(ages) / len(ages)
    line = "%s: age %.2f s (worst stream %.2f), first text after %.2f s, last after %.2f s at the most"
    log.info(line, title, mean, max(ages), first, end)
    return max(ages), first, end


async def test_one_stream() -> None:
    async with world(latency=0.06) as here:
        stream = Stream(here, Channel(here.discord, 1), 20.0)
        await stream_all(here, [stream])
    age, first, end = report("one stream", [stream])
    assert age < 0.85
    assert first < 0.25
    assert end < 0.3


async def test_the_last_text_goes_at_once() -> None:
    async with world(latency=0.06) as here:
        for wait in (0.3, 0.6, 0.9, 1.2):
            channel = Channel(here.discord, wait)
            delivery = here.scheduler.open(channel)
            for number in range(100):
                delivery.show("word " * (number + 1))
                await here.clock.advance(0.1)
            await here.clock.advance(wait)
            asked = here.clock.monotonic()
            await here.run(asyncio.ensure_future(delivery.finish("word " * 101)), step=0.01)
            assert here.clock.monotonic() - asked < 0.15


async def test_ten_streams_in_ten_channels() -> None:
    async with world() as here:
        streams = [Stream(here, Channel(here.discord, key), 12.0, start=key / 9) for key in range(10)]
        await stream_all(here, streams)
    age, first, end = report("ten streams in ten channels", streams)
    assert age < 1.0
    assert first < 0.5
    assert end < 0.5


async def test_fifty_streams_in_fifty_channels() -> None:
    async with world() as here:
        streams = [Stream(here, Channel(here.discord, key), 10.0, start=key / 49) for key in range(50)]
        await stream_all(here, streams)
    age, first, end = report("fifty streams in fifty channels", streams)
    assert age < 1.5
    assert first < 1.5
    assert end < 1.5


async def test_ten_streams_in_one_channel() -> None:
    async with world() as here:
        streams = [Stream(here, Channel(here.discord, 1), 20.0, start=number / 10) for number in range(10)]
        await stream_all(here, streams)
    age, first, end = report("ten streams in one channel", streams)
    assert age < 2.5 * min(stream.mean_age() for stream in streams)
    assert age < 7
    assert first < 6
    assert end < 12


@settings(max_examples=int(os.environ.get("CAUSERIE_EXAMPLES", "12")), deadline=None)
@given(
    seed=st.integers(0, 10_000),
    starts=st.lists(st.floats(0, 6), min_size=1, max_size=4),
    keys=st.integers(1, 2),
    latency=st.sampled_from([0.02, 0.15, 0.6]),
    headers=st.booleans(),
    seconds=st.floats(0.1, 14),
)
async def test_no_phase_of_the_windows_brings_a_429(
    seed: int, starts: list[float], keys: int, latency: float, headers: bool, seconds: float
) -> None:
    async with world(seed, latency=latency, headers=headers) as here:
        channels = [Channel(here.discord, number % keys) for number in range(len(starts))]
        await stream_all(
            here, [Stream(here, *pair) for pair in zip(channels, [seconds] * len(starts), starts, strict=True)]
        )


@pytest.mark.parametrize(("seconds", "bound"), [(15.0, 1.0), (50.0, 3.0)])
async def test_an_interaction_keeps_to_its_own_limits(seconds: float, bound: float) -> None:
    async with world() as here:
        stream = Stream(here, Channel(here.discord, InteractionKey("token")), seconds)
        await stream_all(here, [stream])
    age, _, end = report(f"an interaction of {seconds:.0f} s", [stream])
    assert age < bound
    assert end < 0.6


async def test_updates_are_even() -> None:
    async with world(latency=0.06) as here:
        stream = Stream(here, Channel(here.discord, 1), 15.0)
        await stream_all(here, [stream])
    shown = [at for at, _, route in here.discord.calls if route in ("create", "edit")][1:-1]
    gaps = [later - earlier for earlier, later in pairwise(shown)]
    assert max(gaps) < 1.7, "where a page ends, its last edit is one more"
    assert sum(gaps) / len(gaps) < 1.2


async def test_what_many_pages_show_is_even_too() -> None:
    """A page ends when it is full, and the next begins halfway to its first edit."""
    async with world(latency=0.04) as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        delivery.present(Form(messages=20))
        for number in range(800):
            await here.clock.advance(0.025)
            delivery.show("twenty-five characters .. " * (number + 1))
        await here.run(asyncio.ensure_future(delivery.finish("twenty-five characters .. " * 800)))
    assert len(delivery.pages) == 11
    moments = [at for at, _, _ in channel.seen]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert max(gaps) < 1.35
    assert sum(gap**2 for gap in gaps) / sum(gaps) / 2 < 0.45, "the mean age of what is visible"
    assert here.clock.monotonic() - 20.0 < 0.1
    ended = {page.message_id: max(at for at, id, _ in channel.seen if id == page.message_id) for page in delivery.pages}
    begun = {page.message_id: min(at for at, id, _ in channel.seen if id == page.message_id) for page in delivery.pages}
    for page, following in pairwise(delivery.pages):
        assert ended[page.message_id] < begun[following.message_id]


async def test_interactions_share_what_their_channel_has() -> None:
    """Thirty calls a minute: the fourth question of a minute is answered as the first was."""
    async with world() as here:
        keys = [InteractionKey(f"token {number}", 7) for number in range(4)]
        streams = [Stream(here, Channel(here.discord, key), 8.0, start=12.0 * n) for n, key in enumerate(keys)]
        await stream_all(here, streams)
    report("four interactions in one channel", streams)
    assert all(stream.first_delay < 0.4 for stream in streams)
    assert all(stream.ended - stream.finished < 0.4 for stream in streams)


async def test_old_messages_are_edited_more_slowly() -> None:
    async with world() as here:
        old = here.discord.new_id()
        here.discord.messages[old] = "Old"
        await here.clock.advance(3_600)
        delivery = here.scheduler.open(Channel(here.discord, 1), pages=[Page(position=0, message_id=old)])
        for number in range(120):
            delivery.show("New " * (number + 1))
            await here.clock.advance(0.1)
        finish = asyncio.ensure_future(delivery.finish("New"))
        await here.run(finish)
    edits = [at for at, _, route in here.discord.calls if route == "edit"]
    assert 4 <= len(edits) <= 6
    assert all(later - earlier > 6.0 for earlier, later in zip(edits, edits[3:], strict=False))


TOLD: tuple[tuple[tuple[Route, str], ...], ...] = (
    (("create", "both"), ("edit", "both")),
    (("edit", "of its own"), ("create", "both"), ("edit", "both")),
)


@pytest.mark.parametrize("told", TOLD, ids=["at once", "by and by"])
async def test_routes_of_one_bucket_have_one_budget(told: tuple[tuple[Route, str], ...]) -> None:
    async with world() as here:
        here.discord.headers = False
        for route, bucket in told:
            here.scheduler.learn(1, route, RateLimit(limit=5, remaining=5, reset_after=5.0, bucket=bucket))
        made = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish("word " * 1_500))
        await here.run(made)
        anew = here.scheduler.open(Channel(here.discord, 1), pages=made.result())
        await here.run(asyncio.ensure_future(anew.finish("text " * 1_500)))
    moments = [at for at, _, route in here.discord.calls if route in ("create", "edit")]
    assert [route for _, _, route in here.discord.calls].count("edit") == len(made.result()) == 4
    assert all(later - earlier > 5.0 for earlier, later in zip(moments, moments[5:], strict=False))


async def test_where_many_ask_at_once_their_texts_come_before_signs_of_typing() -> None:
    async with world(latency=0.02) as here:
        channels = [Channel(here.discord, key) for key in range(60)]
        deliveries = [here.scheduler.open(channel) for channel in channels]
        await here.clock.advance(0.25)
        for delivery in deliveries:
            delivery.show("Hello ")
        await here.clock.advance(0.1)
        assert sum(bool(channel.typed) for channel in channels) <= 5
        assert sum(bool(channel.seen) for channel in channels) >= 45


async def test_where_journeys_differ_much_the_rate_over_all_channels_is_kept() -> None:
    async with world(latency=0.4) as here:
        streams = [Stream(here, Channel(here.discord, key), 4.0, start=key / 50) for key in range(70)]
        await stream_all(here, streams)


async def test_nothing_is_sent_twice() -> None:
    async with world() as here:
        channel = Channel(here.discord, 1)
        stream = Stream(here, channel, 20.0)
        await stream_all(here, [stream])
    assert len(stream.pages) > 1
    for page in stream.pages:
        texts = [text for _, message_id, text in channel.seen if message_id == page.message_id]
        assert len(texts) == len(set(texts))


async def test_the_final_text_is_split_exactly() -> None:
    text = "```py\n" + "x = 1\n" * 900 + "```\nDone."
    async with world() as here:
        finish = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish(text))
        await here.run(finish)
        shown = [here.discord.messages[page.message_id] for page in finish.result()]
    assert shown == [page.text for page in split(text)]


async def test_typing_ends_with_the_first_text() -> None:
    async with world() as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        await here.clock.advance(20)
        assert channel.typed == pytest.approx([0, 8, 16])
        assert not delivery.shown
        delivery.show("Hello ")
        await here.clock.advance(20)
        assert delivery.shown
        assert len(channel.typed) == 3
        await delivery.abandon()


async def test_what_goes_on_in_a_file_is_seen_to_go_on() -> None:
    async with world() as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        delivery.present(Form(messages=1, notice="The rest is in the file."))
        text = "word " * 500
        for number in range(220):
            delivery.show(f"{text}{number} ")
            await here.clock.advance(0.1)
        typed = [at for at in channel.typed if at > 1]
        assert len(typed) in (2, 3)
        await here.run(asyncio.ensure_future(delivery.finish(text)))
        ended = here.clock.monotonic()
        await here.clock.advance(20)
        assert len(here.discord.messages) == 2 and max(channel.typed) <= ended


async def test_the_first_edit_waits_until_it_has_something_to_show() -> None:
    async with world() as here:
        delivery = await started(here, since=0.1)
        made = here.discord.calls[-1][0]
        for number in range(20):
            delivery.show("Hello there" + " more" * number)
            await here.clock.advance(0.05)
        edits = [at for at, _, route in here.discord.calls if route == "edit"]
        journeys = 0.1
        assert [abs(at - made - EDIT_GAP) <= journeys for at in edits] == [True]
        finish = asyncio.ensure_future(delivery.finish("Hello there. The end."))
        await here.run(finish)


async def test_the_end_of_a_short_answer_does_not_wait() -> None:
    async with world() as here:
        delivery = await started(here, since=0.1)
        made = here.discord.calls[-1][0]
        finish = asyncio.ensure_future(delivery.finish("Hello there. The end."))
        await here.run(finish, step=0.01)
        assert here.discord.calls[-1][0] - made < EDIT_GAP


async def test_the_first_word_is_waited_for_a_moment() -> None:
    async with world(latency=0.0) as here:
        slow, fast = Channel(here.discord, 1), Channel(here.discord, 2)
        here.scheduler.open(slow).show("Hel")
        quick = here.scheduler.open(fast)
        quick.show("Hel")
        await here.clock.advance(0.05)
        assert not slow.seen
        quick.show("Hello ")
        await here.clock.advance(0.01)
        assert [text for _, _, text in fast.seen] == ["Hello"]
        await here.clock.advance(0.05)
        assert [text for _, _, text in slow.seen] == ["Hel"]


async def test_one_word_that_is_all_is_not_waited_for() -> None:
    async with world(latency=0.0) as here:
        await here.scheduler.open(Channel(here.discord, 1)).finish("Yes")
        assert here.clock.monotonic() == 0.0


async def test_a_first_word_that_is_seen_already_is_not_waited_for_again() -> None:
    async with world(latency=0.0) as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        delivery.show("Hel")
        await here.clock.advance(1.0)
        delivery.show("Hello")
        await here.clock.advance(0.01)
        assert [text for _, _, text in channel.seen] == ["Hel", "Hello"]
        await delivery.abandon()


async def test_of_the_calls_that_wait_for_one_slot_the_last_text_goes_first_and_then_a_first_one() -> None:
    async with world(latency=0.0, headers=False) as here:
        long, new, over = (Channel(here.discord, 1) for _ in range(3))
        growing, beginning, ending = (here.scheduler.open(channel) for channel in (long, new, over))
        growing.show("word " * 100)
        await here.clock.advance(1.0)
        here.scheduler.learn(1, "create", RateLimit(limit=1, remaining=0, reset_after=5.0))
        growing.show("word " * 600)
        await here.clock.advance(1.0)
        beginning.show("Hello ")
        await here.clock.advance(1.0)
        finish = asyncio.ensure_future(ending.finish("Hello."))
        await here.run(finish)
        await here.clock.advance(20.0)
        made = sorted((at, name) for name, at in _created(long=long, new=new, over=over))
        assert [name for _, name in made] == ["long", "over", "new", "long"]


def _created(**channels: Channel) -> list[tuple[str, float]]:
    """When each message was."""
    firsts = [
        (name, {message_id: at for at, message_id, _ in reversed(channel.seen)}) for name, channel in channels.items()
    ]
    return [(name, at) for name, created in firsts for at in created.values()]


async def test_pages_are_reported_as_they_are_created() -> None:
    kept: list[Page] = []

    async def keep(page: Page) -> None:
        await here.clock.sleep(1.0)
        kept.append(page)

    async with world() as here:
        finish = asyncio.ensure_future(
            here.scheduler.open(Channel(here.discord, 1), on_page=keep).finish("word " * 900)
        )
        await here.run(finish)
    assert tuple(kept) == finish.result()
    assert [page.position for page in kept] == [0, 1, 2]


async def test_existing_pages_are_taken_up() -> None:
    async with world() as here:
        here.discord.messages[7] = "Old"
        delivery = here.scheduler.open(Channel(here.discord, 1), pages=[Page(position=0, message_id=7)])
        assert delivery.shown
        await here.run(asyncio.ensure_future(delivery.finish("New")))
        assert here.discord.messages == {7: "New"}


async def test_a_shorter_end_deletes_surplus_pages() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("word " * 900)
        await here.clock.advance(5)
        assert len(delivery.pages) == 3
        await here.run(asyncio.ensure_future(delivery.finish("Sorry.")))
        assert list(here.discord.messages.values()) == ["Sorry."]
        assert [page.position for page in delivery.pages] == [0]


async def test_an_end_without_text_shows_nothing() -> None:
    async with world() as here:
        assert await here.scheduler.open(Channel(here.discord, 1)).finish(" \n") == ()


async def test_finish_can_be_cancelled_and_called_again() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there")
        await here.clock.advance(1)
        first = asyncio.ensure_future(delivery.finish("Hello there, and more."))
        await here.clock.advance(0.01)
        first.cancel()
        await here.run(asyncio.ensure_future(delivery.finish("Hello there.\n-# Stopped.")))
        assert list(here.discord.messages.values()) == ["Hello there.\n-# Stopped."]
        await here.run(asyncio.ensure_future(delivery.finish("Once more.")))
        assert list(here.discord.messages.values()) == ["Once more."]


async def test_abandon_leaves_everything_as_it_is() -> None:
    async with world() as here:
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there")
        await here.clock.advance(0.01)
        assert delivery.shown
        abandon = asyncio.ensure_future(delivery.abandon())
        delivery.show("Hello there, more")
        await here.run(abandon)
        assert len(abandon.result()) == 1
        await here.clock.advance(20)
        assert list(here.discord.messages.values()) == ["Hello there"]


async def test_a_deleted_message_ends_the_answer() -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.messages.clear()
        delivery.show("Hello there, more")
        await here.clock.advance(3)
        assert isinstance(delivery.error, MessageGone)
        calls = len(here.discord.calls)
        delivery.show("Hello there, more and more")
        await here.clock.advance(10)
        assert len(here.discord.calls) == calls
        with pytest.raises(MessageGone):
            await delivery.finish("Hello there, more and more.")


@pytest.mark.parametrize("error", [NotAllowed(), ChannelGone(), DiscordRefused(400, 50035, "invalid form body")])
async def test_an_answer_that_may_not_be_shown(error: Exception) -> None:
    async with world() as here:
        here.discord.faults.append(("create", error))  # type: ignore[arg-type]
        finish = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish("Hello"))
        with pytest.raises(type(error)):
            await asyncio.gather(finish, here.run(finish))
        assert [route for _, _, route in here.discord.calls if route != "typing"] == ["create"]


async def test_a_passing_failure_is_tried_again_with_the_newest_text() -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.faults += [("edit", SERVER_ERROR)] * 4
        delivery.show("Hello there, more")
        await here.clock.advance(1.5)
        delivery.show("Hello there, more and more")
        await here.clock.advance(20)
        assert delivery.error is None
        assert list(here.discord.messages.values()) == ["Hello there, more and more"]
        await delivery.abandon()


@pytest.mark.parametrize("times", [1, 2])
async def test_a_create_whose_answer_was_lost_ends_with_the_whole_text(times: int) -> None:
    async with world() as here:
        here.discord.lost += [SERVER_ERROR] * times
        delivery = here.scheduler.open(Channel(here.discord, 1))
        delivery.show("Hello there ")
        await here.clock.advance(1.0)
        await here.run(asyncio.ensure_future(delivery.finish("Hello there, and that was all.")))
        assert list(here.discord.messages.values()) == ["Hello there, and that was all."]


@pytest.mark.parametrize("failures", [1, 11, 12])
async def test_the_last_text_is_tried_for_a_minute(failures: int) -> None:
    async with world() as here:
        delivery = await started(here)
        await assert_tried_for_a_minute(here, delivery, failures)


async def test_an_error_of_on_page_ends_the_answer() -> None:
    async def fail(page: Page) -> None:
        raise LookupError(page)

    async with world() as here:
        finish = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1), on_page=fail).finish("Hello"))
        with pytest.raises(LookupError):
            await asyncio.gather(finish, here.run(finish))


async def test_after_a_429_the_bucket_rests() -> None:
    async with world() as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=7.0))
        told = here.clock.monotonic()
        delivery.show("Hello there, more")
        await here.clock.advance(10)
        edits = [at for at, _, route in here.discord.calls if route == "edit"]
        assert [at - told > 7.0 for at in edits] == [True]
        await delivery.abandon()


async def test_a_text_that_is_withdrawn_holds_nothing_up() -> None:
    """What looks like a paragraph becomes a table without a row, which shows nothing."""
    async with world() as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        beginning = "Name of the thing | Value\n--- | ---\n"
        for length in range(1, len(beginning) + 1):
            delivery.show(beginning[:length])
            await here.clock.advance(0.04)
        for _ in range(40):
            await here.clock.advance(0.05)
        await here.run(asyncio.ensure_future(delivery.finish(beginning + "a | 1\n")))
        assert "a                 | 1" in here.discord.messages[channel.made[0]]


async def test_a_text_is_laid_out_when_it_is_shown_and_not_for_each_token(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, fed = Splitter.feed, []

    def noted(splitter: Splitter, text: str, *, final: bool = False) -> tuple[PageText, ...]:
        fed.append(text)
        return feed(splitter, text, final=final)

    monkeypatch.setattr(Splitter, "feed", noted)
    async with world() as here:
        stream = Stream(here, Channel(here.discord, 1), 30.0)
        await here.run(asyncio.ensure_future(stream.run()))
        calls = [route for _, _, route in here.discord.calls if route in ("create", "edit")]
        assert len(calls) > 20 and len(stream.pages) > 2
        assert len(fed) < 3 * len(calls)


async def test_a_later_page_that_failed_is_made_while_the_next_grows() -> None:
    async with world() as here:
        channel = Channel(here.discord, 1)
        delivery = here.scheduler.open(channel)
        text = "begin "
        delivery.show(text)
        for _ in range(10):
            await here.clock.advance(0.1)
        here.discord.faults.append(("create", SERVER_ERROR))
        text += " ".join(f"word{number:05}" for number in range(420))
        delivery.show(text)
        for number in range(60):
            await here.clock.advance(0.1)
            delivery.show(text := f"{text} more{number}")
        assert len(here.discord.messages) == 3, "before the answer ends"


async def test_a_message_that_an_earlier_process_made_gets_the_text_of_this_one() -> None:
    async with world() as here:
        channel = Channel(here.discord, 1)
        here.scheduler.open(channel).show("Yes, it is the first")
        for _ in range(5):
            await here.clock.advance(0.1)
        delivery = here.scheduler.open(channel)
        await here.run(asyncio.ensure_future(delivery.finish("No. It never was.")))
        assert list(here.discord.messages.values()) == ["No. It never was."]


async def test_the_last_text_does_not_wait_for_an_earlier_failures_pause() -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.faults += [("edit", SERVER_ERROR)] * 4
        delivery.show("Hello there, more")
        await here.clock.advance(5.0)
        before = here.clock.monotonic()
        await here.run(asyncio.ensure_future(delivery.finish("Hello there, the end.")))
        assert here.clock.monotonic() - before < 1.5


async def test_a_shared_429_holds_up_every_interaction_of_the_channel() -> None:
    async with world() as here:
        key, other = InteractionKey("one", 7), InteractionKey("two", 7)
        for each in (key, other):
            here.scheduler.open(Channel(here.discord, each)).show("Hello ")
        await here.clock.advance(1.0)
        told = RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=9.0, shared=True)
        here.scheduler.learn(key, "edit", told)
        before = here.clock.monotonic()
        await here.run(asyncio.ensure_future(here.scheduler.open(Channel(here.discord, other)).finish("Hello.")))
        assert here.clock.monotonic() - before >= 9.0


async def test_after_a_global_429_every_channel_rests() -> None:
    async with world() as here:
        here.scheduler.learn(
            5, "edit", RateLimit(limit=5, remaining=0, reset_after=1.0, retry_after=3.0, everywhere=True)
        )
        finish = asyncio.ensure_future(here.scheduler.open(Channel(here.discord, 1)).finish("Hello"))
        await here.run(finish)
        assert min(at for at, _, _ in here.discord.calls) > 3.0


async def test_what_others_spend_is_counted() -> None:
    async with world() as here:
        delivery = await started(here)
        here.scheduler.learn(1, "edit", RateLimit(limit=5, remaining=0, reset_after=4.0, ours=False))
        told = here.clock.monotonic()
        await here.run(asyncio.ensure_future(delivery.finish("Hello there.")))
        assert [at - told > 4.0 for at, _, route in here.discord.calls if route == "edit"] == [True]


async def test_close_ends_what_is_unfinished() -> None:
    async with world() as here:
        delivery = await started(here)
        here.discord.faults += [("edit", SERVER_ERROR)]
        finish = asyncio.ensure_future(delivery.finish("Hello there. The end."))
        await here.clock.advance(0.01)
        await here.scheduler.close()
        with pytest.raises(DiscordRefused):
            await finish
        with pytest.raises(DiscordRefused):
            await here.scheduler.open(Channel(here.discord, 2)).finish("Hello")

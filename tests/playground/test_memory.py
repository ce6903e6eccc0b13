"""What a playground that runs for days forgets, and what it must not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.clock import ManualClock
from playground import interactions, nonces, world
from playground.entities import Channel, Message
from playground.errors import ApiError
from playground.interactions import Interactions
from playground.limits import FEWEST_SWEPT, Call, Limits
from playground.people import Person
from playground.posting import Draft, post
from playground.server import Playground
from playground.world import World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def playground(clock: ManualClock) -> Playground:
    return Playground(clock=clock, rates={"global": None})


async def test_deleted_messages_and_their_files_are_gone(playground: Playground, general: Channel, ada: Person) -> None:
    messages = [await ada.say(general, "a", files=[("a.txt", b"a")]) for _ in range(4)]
    await ada.delete(messages[3])
    playground.world.delete_messages(messages[:2])
    assert list(general.by_id) == [messages[2].id] and general.sent == 4
    assert list(playground.world.attachments) == [messages[2].attachments[0].id]
    assert general.last_message_id == messages[3].id


async def test_expired_interactions_are_forgotten_and_their_tokens_still_told_from_made_up_ones(
    playground: Playground, general: Channel, ada: Person, clock: ManualClock
) -> None:
    opened = Interactions(playground.world)
    first = opened.open(interactions.COMMAND, ada.user, general, {})
    opened.answer(first, interactions.PROMISE, {}, Draft())
    await clock.advance(interactions.TOKEN_LIFE.total_seconds() - 1)
    second = opened.open(interactions.COMMAND, ada.user, general, {})
    assert opened.with_token(first.token) is first
    await clock.advance(2)
    third = opened.open(interactions.COMMAND, ada.user, general, {})
    assert list(playground.world.interactions.values()) == [second, third]
    assert set(playground.world.interactions_by_token) == {second.token, third.token}
    for token, code in (
        (first.token, "50027"),
        (first.token[:-1] + "g", "10015"),
        ("made up", "10015"),
        ("é", "10015"),
    ):
        with pytest.raises(ApiError, match=code):
            opened.with_token(token)
    await opened.close()


def test_nonces_are_kept_for_minutes_alone(clock: ManualClock) -> None:
    small = World(clock)
    guild = small.add_guild("Garden")
    channel = small.add_channel(guild, "general")

    def send(nonce: str) -> Message:
        return post(small, small.bot, channel, Draft(content="a", nonce=nonce, enforce_nonce=True))

    first = [send(str(number)) for number in range(50)]
    assert send("7") is first[7]
    clock._elapsed += nonces.MEMORY.total_seconds() + 1
    assert send("7") is not first[7]
    assert len(small.nonces._sent) == 1


def test_files_that_nothing_carries_are_forgotten_after_a_day(clock: ManualClock) -> None:
    small = World(clock)
    guild = small.add_guild("Garden")
    channel = small.add_channel(guild, "general")
    kept = small.attach(channel, "kept.txt", b"a")
    post(small, small.bot, channel, Draft(attachments=[kept]))
    for number in range(world.FEWEST_SWEPT - 2):
        small.attach(channel, f"{number}.txt", b"")
    clock._elapsed += timedelta(days=1, seconds=1).total_seconds()
    fresh = [small.attach(channel, "fresh.txt", b"") for _ in range(3)]
    assert set(small.attachments) == {kept.id, *(each.id for each in fresh)}


async def test_a_day_of_calls_leaves_few_windows(clock: ManualClock) -> None:
    limits = Limits(clock)
    for number in range(20_000):
        clock._elapsed += 0.1
        limits.admit(Call(route="PATCH", rate="message.edit", major=str(number)))
    assert len(limits._windows) <= 2 * FEWEST_SWEPT
    assert limits.counters.calls["PATCH"] == 20_000

"""What a playground that runs for days forgets, and what it must not."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from bot.clock import ManualClock
from playground import events, interactions, memory, nonces
from playground.entities import Channel, Message
from playground.errors import ApiError
from playground.interactions import Interactions
from playground.limits import FEWEST_SWEPT, Call, Limits
from playground.models.scripted import MODEL, ScriptedServer
from playground.people import Person
from playground.posting import Draft, post
from playground.server import Playground
from playground.world import World
from tests.playground.client import Client


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
        ("\ud800", "10015"),
        ("\ud800" + "a" * 20, "10015"),
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
    for number in range(memory.FEWEST_SWEPT - 2):
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


async def test_a_channel_keeps_its_newest_messages(
    playground: Playground, general: Channel, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "KEPT_MESSAGES", 3)
    told: list[events.Event] = []
    said = [await ada.say(general, str(number), files=[("a.txt", b"a")]) for number in range(3)]
    playground.world.subscribe(told.append)
    said += [await ada.say(general, str(number)) for number in range(3, 5)]
    assert list(general.by_id.values()) == said[2:] and general.sent == 5
    assert list(playground.world.attachments) == [said[2].attachments[0].id]
    assert {type(event) for event in told} == {events.MessageCreated}
    with pytest.raises(ApiError, match="50035"):
        await ada.say(general, "a reply", reply_to=said[0])


def test_a_message_keeps_its_first_and_newest_texts(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> None:
    monkeypatch.setattr(memory, "KEPT_VERSIONS", 4)
    small = World(clock)
    message = post(small, small.bot, small.add_channel(small.add_guild("Garden"), "general"), Draft(content="0"))
    for number in range(1, 8):
        message.content = str(number)
        small.message_edited(message)
        small.message_edited(message)
    assert [version.content for version in message.versions] == ["0", "5", "6", "7"]


def test_the_oldest_files_go_with_their_messages(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> None:
    monkeypatch.setattr(memory, "KEPT_FILE_BYTES", 1_000)
    small = World(clock)
    channel = small.add_channel(small.add_guild("Garden"), "general")

    def send(*sizes: int) -> Message:
        files = [small.attach(channel, "a.bin", bytes(size)) for size in sizes]
        return post(small, small.bot, channel, Draft(content="a", attachments=files))

    plain = send()
    small.delete_messages([send(900)])
    first, second, third = send(100, 200), send(300), send(300)
    assert list(channel.by_id.values()) == [plain, first, second, third], "what was deleted takes no room"
    fourth = send(101)
    assert list(channel.by_id.values()) == [plain, second, third, fourth]
    assert sum(len(each.content) for each in small.attachments.values()) == 701
    for _ in range(50):
        send(90)
    assert sum(len(each.content) for each in small.attachments.values()) <= 1_000


async def test_a_message_that_is_given_a_file_stays(
    playground: Playground, general: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "KEPT_FILE_BYTES", 1_000)
    small = playground.world
    old, newer = (
        post(small, small.bot, general, Draft(attachments=[small.attach(general, "a.bin", bytes(400))]))
        for _ in range(2)
    )
    form = aiohttp.FormData()
    form.add_field("files[0]", bytes(300), filename="b.bin")
    async with playground, Client(playground) as client:
        path = f"{playground.api_url}/channels/{general.id}/messages/{old.id}"
        headers = {"Authorization": f"Bot {playground.token}"}
        edited = await client.fetch("PATCH", path, data=form, headers=headers)
    assert edited.status == 200
    assert general.by_id == {old.id: old} and old.deleted_at is None and newer.deleted_at is not None
    assert [len(small.attachments[each.id].content) for each in old.attachments] == [300]


async def test_a_model_remembers_its_newest_calls() -> None:
    server = ScriptedServer(lambda messages: "a", first_token=0.0, rate=10_000, kept=3)
    async with server, aiohttp.ClientSession(f"{server.base_url}/") as session:
        for number in range(5):
            asked = {"model": MODEL, "messages": [{"role": "user", "content": str(number)}]}
            async with session.post("chat/completions", json=asked) as answer:
                assert answer.status == 200
    assert [stream.messages[0]["content"] for stream in server.streams] == ["2", "3", "4"]

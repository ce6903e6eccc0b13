"""What becomes of messages between Discord and the inbox, over the wire; nobody answers here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot import client as module
from bot.channels.departures import Departures
from bot.channels.preferences import Preferences
from bot.client import Causerie, DiscordMessages, use_api
from bot.clock import SystemClock
from bot.context.tokens import TokenCounter
from bot.delivery.calls import Calls
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import MAX_WAITING, Addressing, Incoming, Place, Quote
from bot.domain.settings import Scope
from bot.runs.inbox import Accepted, Full, Inbox, Joined, Queued
from bot.runs.signs import WaitingSigns
from bot.storage import open_storage, upgrade
from cogs import heard
from playground import permissions
from playground.entities import Channel, Mentions, Message, Overwrite
from playground.people import Person
from playground.server import Playground

MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)


class ToldInbox(Inbox):
    """Tells what it was given, and what it said."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        self.broken = False
        self.told: asyncio.Queue[tuple[Incoming, Accepted]] = asyncio.Queue()

    async def accept(self, incoming: Incoming) -> Accepted:
        if self.broken:
            raise OSError("the disk is full")
        accepted = await super().accept(incoming)
        self.told.put_nowait((incoming, accepted))
        return accepted


@dataclass
class Room:
    """A bot that listens, two people, and a channel."""

    playground: Playground
    client: Any
    inbox: ToldInbox
    preferences: Preferences
    ada: Person
    bora: Person
    channel: Channel
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def bot(self) -> str:
        return self.playground.bot_mention

    async def taken(self) -> tuple[Incoming, Accepted]:
        """The next question that reached the inbox."""
        async with asyncio.timeout(30):
            return await self.inbox.told.get()

    async def all_taken(self, channel: Channel) -> list[str]:
        """The questions until one more of ours, which is asked last."""
        last = f"the {next(self.numbers)}th end"
        await self.ada.say(channel, f"{self.bot} {last}")
        texts = []
        while (text := (await self.taken())[0].text) != last:
            texts.append(text)
        return texts

    async def reply(self, part: str) -> Message:
        """The bot's message that holds `part`; waits for it."""

        def found() -> Message | None:
            said = (message for message in self.channel.messages if message.author.bot)
            return next((message for message in said if part in message.content), None)

        message = await self.playground.wait_for(found)
        assert message is not None
        return message

    @property
    def replies(self) -> list[str]:
        return [message.content for message in self.channel.messages if message.author.bot]

    async def answer_everything(self) -> None:
        place = Place(channel_id=self.channel.id, guild_id=self.channel.guild.id)  # type: ignore[union-attr]
        await self.preferences.set(place, MODERATOR, "reply_to", "everything", Scope.CHANNEL)


@asynccontextmanager
async def listening(path: Path, monkeypatch: pytest.MonkeyPatch, *, message_content: bool) -> AsyncIterator[Room]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    monkeypatch.setattr(module, "EXTENSIONS", ("cogs.chat",))
    url, clock = f"sqlite:///{path / 'causerie.db'}", SystemClock()
    await asyncio.to_thread(lambda: asyncio.run(upgrade(url)))
    storage = await open_storage(url)
    async with Playground() as playground:
        use_api(playground.api_url)
        client: Any = Causerie(message_content=message_content, calls=Calls(), trace=aiohttp.TraceConfig())
        inbox = ToldInbox(storage, clock, TokenCounter("gpt-6-luna", cache_dir=path), asyncio.Event())
        preferences = Preferences(storage, clock, {})
        signs = WaitingSigns(DiscordMessages(client))
        client.services = SimpleNamespace(
            inbox=inbox, preferences=preferences, signs=signs, departures=Departures(storage)
        )
        guild = playground.add_guild("Causerie")
        ada, bora = playground.add_person("Ada"), playground.add_person("보라")
        for person in (ada, bora):
            playground.join(person, guild)
        connection = asyncio.create_task(client.start(playground.token))
        await playground.ready()
        await client.connected.wait()
        yield Room(playground, client, inbox, preferences, ada, bora, playground.add_channel(guild, "room"))
        await signs.close()
        await client.close()
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)
    await storage.close()


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    async with listening(tmp_path, monkeypatch, message_content=True) as room:
        yield room


@pytest.fixture
async def deaf_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """Without the intent to read what is said."""
    async with listening(tmp_path, monkeypatch, message_content=False) as room:
        yield room


async def test_the_bot_hears_neither_itself_nor_what_discord_says(room: Room) -> None:
    await room.answer_everything()
    await room.client.channel(room.channel.id, None).send(f"{room.bot} am I heard?")
    world = room.playground.world
    for kind in (6, 7, 18, 21):  # a pin, a join, a thread and its first message
        world.add_message(
            Message(
                id=world.snowflakes.next(),
                channel=room.channel,
                author=room.ada.user,
                content="" if kind in (6, 7) else "A thread",
                created_at=world.clock.now(),
                type=kind,
            )
        )
    await room.bora.say(room.channel, "a person")
    assert await room.all_taken(room.channel) == ["a person"]
    assert room.replies == [f"{room.bot} am I heard?"]


async def test_what_is_not_for_the_bot_is_left_alone(room: Room) -> None:
    said = await room.ada.say(room.channel, "Nobody asked it.")
    await room.bora.say(room.channel, "Nor this.", reply_to=said)
    await room.bora.say(room.channel, "", files=[("cat.png", b"\x89PNG\0")])
    assert await room.all_taken(room.channel) == [] and room.replies == []


async def test_messages_of_a_channel_are_taken_in_their_order(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    read_files, first = heard.read_files, asyncio.Event()

    async def slow(attachments: Any) -> heard.Files:
        if attachments:
            await first.wait()
        return await read_files(attachments)

    monkeypatch.setattr(heard, "read_files", slow)
    await room.ada.say(room.channel, f"{room.bot} one", files=[("a.txt", b"text")])
    await room.bora.say(room.channel, f"{room.bot} two")
    other = room.playground.add_channel(room.channel.guild, "other")  # type: ignore[arg-type]
    await room.bora.say(other, f"{room.bot} elsewhere")
    assert (await room.taken())[0].text == "elsewhere", "channels do not wait for each other"
    first.set()
    assert [(await room.taken())[0].text for _ in range(2)] == ["one", "two"]


async def test_only_what_has_to_wait_gets_a_sign(room: Room) -> None:
    first = await room.ada.say(room.channel, f"{room.bot} one")
    assert isinstance((await room.taken())[1], Queued)
    more = await room.ada.say(room.channel, f"{room.bot} and more")
    assert isinstance((await room.taken())[1], Joined)
    second = await room.bora.say(room.channel, f"{room.bot} two")
    assert isinstance((await room.taken())[1], Queued)
    await room.playground.wait_for(lambda: more.reactions and second.reactions)
    assert not first.reactions


async def test_who_cannot_be_taken_is_told_below_the_message(room: Room) -> None:
    for _ in range(MAX_WAITING):
        person = room.playground.add_person(f"P{next(room.numbers)}")
        room.playground.join(person, room.channel.guild)  # type: ignore[arg-type]
        await person.say(room.channel, f"{room.bot} question")
    asked = await room.ada.say(room.channel, f"{room.bot} one too many")
    taken = [(await room.taken())[1] for _ in range(MAX_WAITING + 1)]
    assert taken[-1] == Full(MAX_WAITING)
    refusal = await room.reply("10 questions are waiting here already")
    assert refusal.reference is not None and refusal.reference.message_id == asked.id
    assert not asked.reactions and not refusal.mentions.users


async def test_what_went_wrong_is_told_and_does_not_hold_up_the_next(room: Room) -> None:
    room.inbox.broken = True
    asked = await room.ada.say(room.channel, f"{room.bot} one")
    told = await room.reply("Something went wrong on my side")
    assert told.reference is not None and told.reference.message_id == asked.id
    room.inbox.broken = False
    assert await room.all_taken(room.channel) == []


async def test_who_deleted_their_message_is_told_in_the_channel(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def and_delete(_attachments: Any) -> heard.Files:
        await room.ada.delete(asked)
        return heard.Files((), ("cat.png",))

    monkeypatch.setattr(heard, "read_files", and_delete)
    asked = await room.ada.say(room.channel, f"{room.bot}")
    told = await room.reply("`cat.png`")
    assert told.reference is None


class TestWithoutWords:
    async def test_a_mention_alone_is_told_how_to_ask(self, room: Room) -> None:
        await room.ada.say(room.channel, room.bot)
        await room.reply("`/help`")
        assert await room.all_taken(room.channel) == []

    async def test_a_picture_alone_is_said_to_be_unreadable_and_nothing_more(self, room: Room) -> None:
        await room.ada.say(room.channel, room.bot, files=[("cat`s.png", b"\x89PNG\0")])
        assert await room.all_taken(room.channel) == []
        assert room.replies == ["I read text files of up to 100 kB; this I cannot read: `cats.png`."]

    async def test_a_picture_below_what_somebody_said_is_no_question_about_that(self, room: Room) -> None:
        said = await room.bora.say(room.channel, "Whales are fish.")
        await room.ada.say(room.channel, room.bot, reply_to=said, files=[("cat.png", b"\x89PNG\0")])
        assert await room.all_taken(room.channel) == [] and len(room.replies) == 1

    async def test_a_text_file_alone_is_a_question(self, room: Room) -> None:
        await room.ada.say(room.channel, room.bot, files=[("a.txt", b"text"), ("cat.png", b"\x89PNG\0")])
        incoming, _ = await room.taken()
        assert incoming.text == "" and [file.filename for file in incoming.files] == ["a.txt"]
        assert "`cat.png`" in (await room.reply("cannot read")).content

    async def test_a_mention_below_what_somebody_said_is_a_question(self, room: Room) -> None:
        said = await room.bora.say(room.channel, "Whales are fish.")
        await room.ada.say(room.channel, room.bot, reply_to=said)
        incoming, _ = await room.taken()
        assert (incoming.text, incoming.quote) == ("", Quote(author="보라", text="Whales are fish."))
        assert incoming.addressing is Addressing.MENTION and room.replies == []


async def test_a_post_in_a_forum_is_no_answer_to_another_message(room: Room) -> None:
    forum = room.playground.add_channel(room.channel.guild, "forum", "forum")  # type: ignore[arg-type]
    await room.ada.post(forum, "Whales", f"{room.bot} are whales fish?")
    incoming, _ = await room.taken()
    assert (incoming.text, incoming.quote, incoming.place.parent_id) == ("are whales fish?", None, forum.id)


class TestUnreadable:
    async def test_it_is_said_once_in_a_channel_where_everything_is_answered(self, deaf_room: Room) -> None:
        room = deaf_room
        await room.answer_everything()
        for text in ("one", "two", "three"):
            await room.ada.say(room.channel, text)
        assert await room.all_taken(room.channel) == []
        assert [text.startswith("Discord does not let me read") for text in room.replies] == [True]

    async def test_it_is_said_to_whoever_wants_everything_answered(self, deaf_room: Room) -> None:
        room = deaf_room
        await room.client.load_extension("cogs.settings")
        await room.client.tree.sync()
        moderator = room.playground.add_person("Mo")
        assert room.channel.guild is not None
        room.playground.join(moderator, room.channel.guild, permissions=("manage_channels",))
        for value, told in (("everything", True), ("mentions", False)):
            done = await moderator.command(room.channel, "settings set", setting="reply_to", value=value)
            assert ("`CAUSERIE_MESSAGE_CONTENT`" in (await done.response()).content) is told

    async def test_it_is_said_to_everybody_who_replies(self, deaf_room: Room) -> None:
        room = deaf_room
        await room.client.channel(room.channel.id, None).send("An answer.")
        answer = await room.reply("An answer.")
        for _ in range(2):
            await room.ada.say(room.channel, "and then?", reply_to=answer, ping=False)
        assert await room.all_taken(room.channel) == []
        assert len(room.replies) == 3


class TestLanguage:
    async def test_a_guild_is_spoken_to_in_its_language_and_a_person_in_theirs(self, room: Room) -> None:
        korean = room.playground.add_guild("Harbour", locale="ko")
        room.playground.join(room.ada, korean)
        harbour = room.playground.add_channel(korean, "harbour")
        direct, ada = Place(channel_id=room.ada.dm().id), room.ada
        chosen = Actor(user_id=ada.id, name="Ada", permissions=EVERYTHING)

        async def locale(channel: Channel) -> str | None:
            await ada.say(channel, f"{room.bot} hello")
            return (await room.taken())[0].locale

        assert [await locale(channel) for channel in (harbour, room.channel, ada.dm())] == ["ko", "en-US", None]
        await room.preferences.set(direct, chosen, "language", "ko", Scope.PERSON)
        assert [await locale(channel) for channel in (room.channel, ada.dm())] == ["en-US", "ko"]


async def test_a_word_about_a_question_is_a_reply_that_pings_nobody(room: Room) -> None:
    asked = await room.ada.say(room.channel, "Where is it?")
    await DiscordMessages(room.client).send(room.channel.id, "I was stopped.", asked.id)
    said = await room.reply("I was stopped.")
    assert said.reference is not None and said.reference.message_id == asked.id
    assert said.mentions == Mentions()


async def test_where_history_is_closed_the_word_is_no_reply(room: Room) -> None:
    guild = room.channel.guild
    assert guild is not None
    closed = Overwrite(id=guild.id, deny=permissions.READ_MESSAGE_HISTORY)
    channel = room.playground.add_channel(guild, "closed", overwrites=[closed])
    asked = await room.ada.say(channel, "Where is it?")
    await DiscordMessages(room.client).send(channel.id, "I was stopped.", asked.id)
    (said,) = (message for message in channel.messages if message.author.bot)
    assert said.content == "I was stopped." and said.reference is None

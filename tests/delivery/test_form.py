"""How an answer is shown: in how many messages, with or without previews of its links."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.clock import ManualClock
from bot.delivery.answer import Delivery, InteractionKey
from bot.delivery.manuscript import Form
from bot.delivery.scheduler import Scheduler
from bot.delivery.split import split
from bot.errors import DiscordRefused, NotAllowed
from tests.delivery.discord_double import Channel, Discord

TEXT = "".join(f"* item {number} of **many**\n" for number in range(400))
FORM = Form(messages=2, notice="In the file.")


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.discord = Discord(self.clock, random.Random(3))
        self.scheduler = self.discord.scheduler = Scheduler(self.clock)

    def open(self, form: Form, key: object = 1) -> tuple[Channel, Delivery]:
        channel = Channel(self.discord, key)
        delivery = self.scheduler.open(channel)
        delivery.present(form)
        return channel, delivery

    async def finish(self, delivery: Delivery, text: str, *, remark: str | None = None) -> list[str]:
        """The messages in the end."""
        finishing = asyncio.ensure_future(delivery.finish(text, remark=remark))
        while not finishing.done():
            await self.clock.advance(0.1)
        return [self.discord.messages[page.message_id] for page in await finishing]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.scheduler.close()


async def test_the_rest_of_a_long_answer_is_a_file(world: World) -> None:
    channel, delivery = world.open(FORM)
    delivery.show(TEXT)
    await world.clock.advance(30.0)
    pages = [page.text for page in split(TEXT)]
    assert [text for _, _, text in channel.seen] == pages[:2]
    assert await world.finish(delivery, TEXT) == [*pages[:2], "-# In the file."]
    assert channel.files == {2: TEXT}


async def test_what_is_said_of_an_answer_in_a_file_stands_in_a_message(world: World) -> None:
    channel, delivery = world.open(replace(FORM, lead="> How long?"))
    pages = await world.finish(delivery, TEXT, remark="Cut off.")
    assert pages[0].startswith("> How long?\n") and pages[2] == "-# In the file.\n-# Cut off."
    assert channel.files == {2: f"> How long?\n\n{TEXT}"}


async def test_a_question_leaves_room_for_its_answer(world: World) -> None:
    lead = "> How long" + " and how wide" * 20
    _, delivery = world.open(Form(lead=lead))
    delivery.show("<!--")
    await world.clock.advance(5.0)
    assert world.discord.messages == {}, "nor does it stand alone"
    link = f"[{'x' * 1_000}](https://example.com/{'y' * 900})"
    assert await world.finish(delivery, link) == [lead, link]
    assert await world.finish(delivery, "<!-- -->") == [f"{lead}\n<!-- -->"]


async def test_an_answer_that_fits_is_no_file_though_what_is_said_of_it_does_not(world: World) -> None:
    channel, delivery = world.open(replace(FORM, messages=1))
    text = "word " * 397 + "end."
    assert await world.finish(delivery, text, remark="Cut off.") == [text, "-# Cut off."]
    assert channel.files == {}


async def test_an_answer_that_just_fits_is_no_file(world: World) -> None:
    channel, delivery = world.open(Form(messages=len(split(TEXT)), notice="In the file."))
    assert await world.finish(delivery, TEXT) == [page.text for page in split(TEXT)]
    assert channel.files == {}


async def test_where_files_are_forbidden_all_is_shown_in_messages(world: World) -> None:
    channel, delivery = world.open(FORM)
    delivery.show(TEXT)
    await world.clock.advance(30.0)
    world.discord.faults.append(("create", NotAllowed("Missing Permissions")))
    assert await world.finish(delivery, TEXT) == [page.text for page in split(TEXT)]
    assert channel.files == {}


async def test_a_file_whose_answer_was_lost_is_not_sent_twice(world: World) -> None:
    channel, delivery = world.open(FORM)
    delivery.show(TEXT)
    await world.clock.advance(30.0)
    world.discord.lost.append(DiscordRefused(502, 0, "bad gateway"))
    assert len(await world.finish(delivery, TEXT)) == 3
    assert channel.files == {2: TEXT} and len(channel.made) == 3


@pytest.mark.parametrize("previews", [False, True])
async def test_previews_are_asked_for_with_the_message(world: World, previews: bool) -> None:
    channel, delivery = world.open(Form(previews=previews))
    assert await world.finish(delivery, "See https://example.org.") == ["See https://example.org."]
    assert channel.previews == {previews}


@pytest.mark.parametrize(("previews", "shown"), [(False, "[a](<https://a.example>)"), (True, "[a](https://a.example)")])
async def test_an_interactions_links_keep_previews_away_themselves(world: World, previews: bool, shown: str) -> None:
    _, delivery = world.open(Form(previews=previews, edited_only=True), InteractionKey("token"))
    assert await world.finish(delivery, "[a](https://a.example)") == [shown]

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.clock import ManualClock
from playground import events
from playground.entities import SUPPRESS_EMBEDS, Channel, Guild
from playground.people import Person
from playground.permissions import EMBED_LINKS
from playground.previews import MAX_PREVIEWS, Page, links
from playground.server import Playground
from tests.playground.client import Client
from tests.playground.gate import CONTENT, MESSAGES, Gate

PAGES = {"example.com": Page(title="Home", site="Example"), "https://other.test/deep": Page(title="Deep")}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def playground(clock: ManualClock) -> AsyncIterator[Playground]:
    async with Playground(clock=clock, pages=PAGES, preview_seconds=0.5) as playground:
        yield playground


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.com/a, or http://b.test.", ["https://example.com/a", "http://b.test"]),
        ("<https://example.com> `https://example.com` ```\nhttps://example.com\n```", []),
        ("(https://example.com) [x](https://example.com)", ["https://example.com"]),
        ("ftp://example.com example.com", []),
    ],
)
def test_which_links_want_a_preview(text: str, found: list[str]) -> None:
    assert links(text) == found


async def test_a_preview_comes_later_and_is_no_edit(
    playground: Playground, clock: ManualClock, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as gate, Gate(playground) as little:
        await gate.identify(MESSAGES | CONTENT)
        await little.identify(MESSAGES)
        said = await ada.say(general, "https://example.com/a https://other.test/deep https://other.test")
        assert (await gate.next("MESSAGE_CREATE"))["embeds"] == []
        await clock.advance(0.4)
        assert not said.previews
        await clock.advance(0.1)
        update = await gate.next("MESSAGE_UPDATE")
        assert [embed["title"] for embed in update["embeds"]] == ["Home", "Deep"]
        assert update["edited_timestamp"] is None and update["content"] == said.content
        assert update["embeds"][0]["provider"] == {"name": "Example"}
        withheld = await little.next("MESSAGE_UPDATE")
        assert withheld["embeds"] == [] and withheld["content"] == ""
    assert len(said.versions) == 1


async def test_where_there_is_none(playground: Playground, clock: ManualClock, general: Channel, ada: Person) -> None:
    async with Client(playground) as client:
        shown = await ada.say(general, "https://example.com")
        silent = await ada.say(general, "<https://example.com> https://nowhere.test http://[broken")
        body = {"content": "https://example.com", "flags": SUPPRESS_EMBEDS}
        sent = (await client.bot("POST", f"/channels/{general.id}/messages", body)).body
        gone = await ada.say(general, "https://example.com")
        await ada.delete(gone)
        await clock.advance(1)
        assert shown.previews and not silent.previews and not gone.previews
        assert not general.by_id[int(sent["id"])].previews


async def test_who_may_not_embed_links_has_none(
    playground: Playground, guild: Guild, clock: ManualClock, general: Channel, ada: Person
) -> None:
    everyone = guild.everyone
    granted = everyone.permissions
    playground.world.set_permissions(guild, everyone, granted & ~EMBED_LINKS)
    barred = await ada.say(general, "https://example.com")
    await clock.advance(1)
    playground.world.set_permissions(guild, everyone, granted)
    shown = await ada.say(general, "https://example.com")
    await clock.advance(1)
    assert shown.previews and not barred.previews


async def test_they_follow_the_text(playground: Playground, clock: ManualClock, general: Channel, ada: Person) -> None:
    said = await ada.say(general, "https://example.com/1")
    await clock.advance(1)
    await ada.edit(said, " ".join(f"https://example.com/{number}" for number in range(9)))
    await clock.advance(1)
    assert len(said.previews) == MAX_PREVIEWS
    edited_at = said.edited_at
    await ada.edit(said, "nothing to see")
    await clock.advance(1)
    assert said.previews == [] and said.edited_at is not None and edited_at is not None
    assert said.edited_at > edited_at


async def test_a_link_that_goes_before_its_preview_comes_gets_none(
    playground: Playground, clock: ManualClock, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "https://example.com")
    await clock.advance(0.2)
    await ada.edit(said, "nothing to see")
    told: list[events.Event] = []
    playground.world.subscribe(told.append)
    await clock.advance(1)
    assert not said.previews and not told


async def test_who_manages_messages_may_suppress_them(
    playground: Playground, guild: Guild, clock: ManualClock, general: Channel, ada: Person
) -> None:
    async with Client(playground) as client:
        said = await ada.say(general, "https://example.com")
        await clock.advance(1)
        path = f"/channels/{general.id}/messages/{said.id}"
        assert (await client.bot("PATCH", path, {"flags": SUPPRESS_EMBEDS})).code == 50013
        playground.grant_bot(guild, ["manage_messages"])
        shown = await client.bot("PATCH", path, {"flags": SUPPRESS_EMBEDS})
        assert shown.body["embeds"] == [] and shown.body["edited_timestamp"] is None
        assert (await client.bot("PATCH", path, {"content": "mine now"})).code == 50005

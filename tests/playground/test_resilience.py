"""Stock discord.py when things go wrong: what it recovers from by itself, and what it does not."""

from __future__ import annotations

import aiohttp
import discord
import pytest
from discord import utils

from playground.entities import Channel, Guild
from playground.faults import CallFault, Chance, EventFault
from playground.limits import Rate
from playground.people import Person
from playground.server import Playground
from tests.playground.bot import Parrot
from tests.playground.conftest import Start

LARGE = 1203


async def test_events_missed_behind_a_cut_come_with_the_resuming(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await parrot.until(lambda: bool(parrot.has_seen("ready")))
    playground.faults.add(EventFault(event="MESSAGE_CREATE", cut=True, chance=Chance(nth=(2,))))
    for number in range(6):
        await ada.say(general, str(number))
    await parrot.until(lambda: len(parrot.heard) == 6)
    assert [message.content for message in parrot.heard] == list("012345")
    await parrot.until(lambda: bool(parrot.has_seen("resumed")))
    assert len(parrot.has_seen("resumed")) == 1 and len(parrot.has_seen("ready")) == 1


async def test_cuts_again_and_again_lose_and_repeat_nothing(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.faults.add(EventFault(event="MESSAGE_CREATE", cut=True, chance=Chance(every=3)))
    for number in range(10):
        await ada.say(general, str(number))
        if number % 3 == 2:
            await playground.wait_for(lambda: not playground.online)
            await playground.ready()
    await parrot.until(lambda: len(parrot.heard) == 10)
    assert [message.content for message in parrot.heard] == [str(number) for number in range(10)]


async def test_a_session_that_is_gone_is_begun_anew(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await parrot.until(lambda: bool(parrot.has_seen("ready")))
    playground.sessions.cut(resumable=False)
    await playground.wait_for(lambda: not playground.online)
    await ada.say(general, "echo lost")
    await playground.wait_for(lambda: playground.online, 15)
    await parrot.until(lambda: len(parrot.has_seen("ready")) == 2)
    await ada.say(general, "echo found")
    assert (await playground.next_message(general)).content == "found"
    assert [message.content for message in parrot.heard] == ["echo found"] and not parrot.has_seen("resumed")


async def test_an_event_that_comes_twice_is_heard_twice(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.faults.add(EventFault(event="MESSAGE_CREATE", copies=2, chance=Chance(times=1)))
    await ada.say(general, "once")
    await ada.say(general, "more")
    await parrot.until(lambda: len(parrot.heard) == 3)
    assert len({message.id for message in parrot.heard}) == 2


async def test_all_of_a_large_guild_is_fetched(playground: Playground, guild: Guild, start: Start) -> None:
    for number in range(LARGE - len(guild.members)):
        playground.join(playground.add_person(f"Person {number}"), guild)
    intents = discord.Intents.default()
    intents.members = True
    async with start(intents=intents) as bot:
        await bot.until(lambda: bool(bot.has_seen("ready")))
        known = bot.get_guild(guild.id)
        assert known is not None
        await bot.until(lambda: known.chunked)
        assert known.large and known.chunked
        assert len(known.members) == known.member_count == LARGE


async def test_four_shards_have_each_their_guilds(playground: Playground, start: Start) -> None:
    guilds = [playground.add_guild(f"Garden {number}") for number in range(8)]
    channels = [playground.add_channel(guild, "general") for guild in guilds]
    ada = playground.add_person("Ada")
    playground.world.shards = 4
    async with start() as bot:
        await bot.until(lambda: bool(bot.has_seen("ready")))
        assert {shard.shard for shard in playground.sessions.connected} == {(index, 4) for index in range(4)}
        assert {guild.id: guild.shard_id for guild in bot.guilds} == {
            guild.id: (guild.id >> 22) % 4 for guild in guilds
        }
        assert len({guild.shard_id for guild in bot.guilds}) == 4
        playground.sessions.cut()
        await playground.wait_for(lambda: not playground.online)
        await playground.ready()
        for guild, channel in zip(guilds, channels, strict=True):
            playground.join(ada, guild)
            await ada.say(channel, f"echo {guild.name}")
        answers = [(await playground.next_message(channel)).content for channel in channels]
        assert answers == [guild.name for guild in guilds]
        assert len(bot.heard) == 8


async def test_the_gateway_is_compressed_as_it_asks(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    (session,) = playground.sessions.connected
    assert session.encoding == utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream"
    await ada.say(general, "안녕 " * 400)
    await parrot.until(lambda: len(parrot.heard) == 1)
    assert parrot.heard[0].content == "안녕 " * 400


async def test_what_identifies_too_soon_tries_again(playground: Playground, general: Channel, start: Start) -> None:
    playground.limits.set_rate("identify", Rate(1, 0.3))
    async with start(shard_count=2) as bot:
        await bot.until(lambda: bool(bot.has_seen("ready")))
        shards = [session.shard for session in playground.sessions.connected]
        assert sorted(shards) == [(0, 2), (1, 2)]
        assert playground.sessions.starts_left == 998


async def test_it_waits_for_a_route_and_is_not_refused(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.limits.set_rate("message.edit", Rate(2, 0.15))
    await ada.say(general, "!repeat 6")
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: sent.content == "5")
    assert [version.content for version in sent.versions] == [str(number) for number in range(6)]
    assert playground.limits.counters.refused.total() == 0


async def test_a_sub_limit_refuses_it_and_it_repeats(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.limits.set_rate("message.edit", Rate(50, 5.0))
    playground.limits.set_rate("message.edit.same", Rate(2, 0.2))
    await ada.say(general, "!repeat 6")
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: sent.content == "5")
    assert [version.content for version in sent.versions] == [str(number) for number in range(6)]
    # Two, unless the machine stands still until a window is over.
    assert playground.limits.counters.refused["PATCH /channels/{channel_id}/messages/{message_id}"] >= 1
    assert playground.limits.counters.scopes == {"user": playground.limits.counters.refused.total()}


async def test_the_global_limit_stops_every_route(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.limits.set_rate("message.create", None)
    playground.limits.set_rate("global", Rate(2, 0.3))
    channel = parrot.get_partial_messageable(general.id)
    before = len(general.messages)
    for number in range(5):
        await channel.send(str(number))
    assert [message.content for message in general.messages[before:]] == list("01234")
    assert playground.limits.counters.scopes["global"] >= 2


async def test_a_busy_server_is_asked_again(playground: Playground, general: Channel, parrot: Parrot) -> None:
    playground.faults.add(CallFault(route="message.create", status=502, chance=Chance(nth=(1,))))
    sent = await parrot.get_partial_messageable(general.id).send("at last")
    assert [message.id for message in general.messages] == [sent.id]


async def test_an_answer_that_was_lost_does_not_send_twice(
    playground: Playground, general: Channel, parrot: Parrot
) -> None:
    playground.faults.add(CallFault(route="message.create", status=502, after=True, chance=Chance(nth=(1,))))
    sent = await parrot.get_partial_messageable(general.id).send("only once")
    assert [message.id for message in general.messages] == [sent.id]
    assert playground.limits.counters.calls["POST /channels/{channel_id}/messages"] == 2


async def test_a_broken_connection_is_its_callers_matter(
    playground: Playground, general: Channel, parrot: Parrot, caplog: pytest.LogCaptureFixture
) -> None:
    channel = parrot.get_partial_messageable(general.id)
    lost = playground.faults.add(CallFault(route="message.create", drop=True))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await channel.send("never arrived")
    assert not general.messages
    playground.faults.remove(lost)
    playground.faults.add(CallFault(route="message.create", drop=True, after=True, chance=Chance(times=1)))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await channel.send("arrived", nonce="n1")
    assert [message.content for message in general.messages] == ["arrived"]
    assert (await channel.send("arrived", nonce="n1")).id == general.messages[0].id
    assert not [record for record in caplog.records if record.name.startswith("aiohttp")]


async def test_a_ban_at_the_edge_is_not_waited_for(playground: Playground, general: Channel, parrot: Parrot) -> None:
    page = "<html>error 1015</html>"
    playground.faults.add(CallFault(route="message.create", status=429, via=False, body=page))
    with pytest.raises(discord.HTTPException) as refused:
        await parrot.get_partial_messageable(general.id).send("no")
    assert refused.value.status == 429 and refused.value.text == page

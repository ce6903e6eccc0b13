from __future__ import annotations

import pytest

from bot.clock import ManualClock
from playground.entities import Channel, Guild, Overwrite
from playground.gateway.outbox import Outbox
from playground.gateway.session import Sessions
from playground.people import Person
from playground.permissions import VIEW_CHANNEL
from playground.server import Playground
from playground.world import PRIVILEGED_INTENTS, World
from tests.playground.gate import CONTENT, DIRECT, GUILDS, MEMBERS, MESSAGES, Gate


@pytest.mark.parametrize("compress", [None, "zlib-stream", "zstd-stream"])
async def test_a_session_begins_with_guilds_in_every_encoding(
    playground: Playground, guild: Guild, general: Channel, ada: Person, compress: str | None
) -> None:
    async with Gate(playground, compress) as gate:
        ready = await gate.identify(GUILDS | MESSAGES)
        assert ready["guilds"] == [{"id": str(guild.id), "unavailable": True}]
        created = await gate.next("GUILD_CREATE")
        assert [channel["name"] for channel in created["channels"]] == ["general"]
        assert [member["user"]["id"] for member in created["members"]] == [str(playground.bot_user_id)]
        await ada.say(general, "안녕 " * 100)
        assert (await gate.next("MESSAGE_CREATE"))["member"]["roles"] == []
        await gate.send(1, gate.sequence)
        assert (await gate.receive())["op"] == 11


async def test_only_asked_for_events_come(playground: Playground, general: Channel, ada: Person) -> None:
    async with Gate(playground) as direct, Gate(playground) as public:
        await direct.identify(DIRECT)
        await public.identify(MESSAGES)
        said = await ada.say(general, "public")
        await ada.type(general)
        await ada.react(said, "🎉")
        whispered = await ada.say(ada.dm(), "direct")
        await ada.delete(said)
        assert (await direct.receive())["d"]["id"] == str(whispered.id)
        assert [(await public.receive())["t"] for _ in range(2)] == ["MESSAGE_CREATE", "MESSAGE_DELETE"]


async def test_content_is_withheld_unless_it_concerns_the_bot(
    playground: Playground, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as little, Gate(playground) as much:
        await little.identify(MESSAGES)
        await much.identify(MESSAGES | CONTENT)
        first = await ada.say(general, "secret", files=[("a.txt", b"a")])
        await ada.say(general, f"hey {playground.bot_mention}", reply_to=first)
        hidden, addressed = await little.next("MESSAGE_CREATE"), await little.next("MESSAGE_CREATE")
        assert (hidden["content"], hidden["attachments"]) == ("", [])
        assert addressed["content"].startswith("hey") and addressed["referenced_message"]["content"] == ""
        assert (await much.next("MESSAGE_CREATE"))["content"] == "secret"
        assert (await much.next("MESSAGE_CREATE"))["referenced_message"]["content"] == "secret"


async def test_hidden_channels_send_nothing(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    hidden = [Overwrite(id=playground.bot_user_id, for_member=True, deny=VIEW_CHANNEL)]
    secret = playground.add_channel(guild, "secret", overwrites=hidden)
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES | CONTENT)
        await ada.say(secret, "not for bots")
        await ada.say(general, "for all")
        assert (await gate.next("MESSAGE_CREATE"))["content"] == "for all"


async def test_resuming_replays_what_was_missed_in_order(playground: Playground, general: Channel, ada: Person) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES | CONTENT)
        await ada.say(general, "0")
        await first.next("MESSAGE_CREATE")
    await playground.wait_for(lambda: not playground.online)
    for number in range(1, 4):
        await ada.say(general, str(number))
    async with Gate(playground) as second:
        await second.resume(first.session_id, first.sequence)
        assert [(await second.next("MESSAGE_CREATE"))["content"] for _ in range(3)] == ["1", "2", "3"]
        assert (await second.receive())["t"] == "RESUMED"


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_session_closed_for_good_or_unknown_cannot_be_resumed(playground: Playground, code: int) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES)
        await first.socket.close(code=code)
        await playground.wait_for(lambda: not playground.online)
    for session_id in (first.session_id, "unknown"):
        async with Gate(playground) as second:
            await second.resume(session_id, first.sequence)
            assert await second.receive() == {"op": 9, "d": False}


async def test_a_session_begun_anew_ends_the_one_left_behind(playground: Playground) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES, (0, 2))
    await playground.wait_for(lambda: not playground.sessions.connected)
    async with Gate(playground) as second, Gate(playground) as third:
        await second.identify(MESSAGES, (1, 2))
        await third.resume(first.session_id, first.sequence)
        assert (await third.receive())["t"] == "RESUMED"
        await third.socket.close(code=4000)
        await playground.wait_for(lambda: len(playground.sessions.connected) == 1)
    async with Gate(playground) as second, Gate(playground) as third:
        await second.identify(MESSAGES, (0, 2))
        await third.resume(first.session_id, first.sequence)
        assert await third.receive() == {"op": 9, "d": False}


async def test_who_is_asked_to_reconnect_may_resume(playground: Playground) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES)
        playground.sessions.ask_to_reconnect()
        assert await first.receive() == {"op": 7, "d": None}
        assert playground.online
    async with Gate(playground) as second:
        await second.resume(first.session_id, first.sequence)
        assert (await second.receive())["t"] == "RESUMED"


@pytest.mark.parametrize(
    ("intents", "shard", "token", "code"),
    [
        (MESSAGES, (0, 1), "wrong", 4004),
        (MESSAGES, (2, 2), None, 4010),
        (1 << 40, (0, 1), None, 4013),
        (MEMBERS, (0, 1), None, 4014),
    ],
)
async def test_what_identifying_refuses(intents: int, shard: tuple[int, int], token: str | None, code: int) -> None:
    async with Playground(privileged=PRIVILEGED_INTENTS & ~MEMBERS) as playground, Gate(playground) as gate:
        await gate.ask_to_identify(intents, shard, token)
        assert await gate.close_code() == code


async def test_what_else_closes_a_connection(playground: Playground) -> None:
    async with (
        Gate(playground) as unknown,
        Gate(playground) as early,
        Gate(playground) as twice,
        Gate(playground) as raw,
    ):
        await unknown.send(99, None)
        assert await unknown.close_code() == 4001
        await early.send(8, {"guild_id": "1"})
        assert await early.close_code() == 4003
        await twice.identify(MESSAGES)
        await twice.ask_to_identify(MESSAGES)
        assert await twice.close_code() == 4005
        await raw.socket.send_str("no json")
        assert await raw.close_code() == 4002


async def test_silence_ends_a_connection() -> None:
    async with Playground(heartbeat_seconds=0.02) as playground, Gate(playground) as gate:
        assert await gate.close_code() == 4009


async def test_only_heartbeats_break_the_silence() -> None:
    async with Playground(heartbeat_seconds=2.0) as playground, Gate(playground) as busy, Gate(playground) as alive:
        await busy.identify(MESSAGES)
        for _ in range(80):
            if playground.online:
                await busy.send(4, {"guild_id": "1"})
            await alive.send(1, None)
            assert await alive.receive() == {"op": 11}
        assert not playground.online and await busy.close_code() == 4009


async def test_too_many_sends_end_a_connection() -> None:
    clock = ManualClock()
    async with Playground(clock=clock) as playground, Gate(playground) as gate:
        for seconds in (59.9, 0.1):
            for _ in range(60):
                await gate.send(1, None)
                assert await gate.receive() == {"op": 11}
            await clock.advance(seconds)
        # A new minute.
        for _ in range(120):
            await gate.send(1, None)
        assert [await gate.receive() for _ in range(120)] == [{"op": 11}] * 120
        await gate.send(1, None)
        assert await gate.close_code() == 4008


async def test_numbers_have_no_gaps_and_go_on_behind_a_cut(
    playground: Playground, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as first:
        await first.ask_to_identify(GUILDS | MESSAGES | CONTENT)
        begun = [await first.receive() for _ in range(2)]
        await ada.say(general, "1")
        begun.append(await first.receive())
    assert [(each["t"], each["s"]) for each in begun] == [("READY", 1), ("GUILD_CREATE", 2), ("MESSAGE_CREATE", 3)]
    await playground.wait_for(lambda: not playground.online)
    await ada.say(general, "2")
    async with Gate(playground) as second:
        await second.resume(begun[0]["d"]["session_id"], 2)
        resumed = [await second.receive() for _ in range(3)]
        await ada.say(general, "3")
        resumed.append(await second.receive())
    names = ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED", "MESSAGE_CREATE"]
    assert [(each["t"], each["s"]) for each in resumed] == list(zip(names, range(3, 7), strict=True))


async def test_every_guild_of_the_beginning_is_told_behind_it(playground: Playground, guild: Guild) -> None:
    other = playground.add_guild("Meadow")
    ids = [str(guild.id), str(other.id)]
    async with Gate(playground) as gate, Gate(playground) as deaf:
        ready = await gate.identify(GUILDS)
        assert ready["guilds"] == [{"id": id, "unavailable": True} for id in ids]
        told = [await gate.receive() for _ in ids]
        assert [(each["t"], each["d"]["id"], each["d"]["unavailable"]) for each in told] == [
            ("GUILD_CREATE", id, False) for id in ids
        ]
        assert (await deaf.identify(MESSAGES))["guilds"] == ready["guilds"]
        await deaf.send(1, None)
        assert await deaf.receive() == {"op": 11}


async def test_requests_for_members_have_bounds(playground: Playground, guild: Guild) -> None:
    while len(guild.members) < 110:
        playground.join(playground.add_person("Person"), guild)
    ids = [str(id) for id in guild.members]
    async with Gate(playground) as gate:
        await gate.identify(GUILDS)

        async def asked(**given: object) -> dict[str, object]:
            await gate.send(8, {"guild_id": guild.id, **given})
            return await gate.next("GUILD_MEMBERS_CHUNK")

        async def count(**given: object) -> int:
            return len((await asked(**given))["members"])  # type: ignore[arg-type]

        assert await count(query="per", limit=5) == await count(query="", limit=5) == 5
        assert await count(query="per", limit=0) == await count(query="", limit=105) == await count(user_ids=ids) == 100
        assert (await count(query="nobody", limit=1), await count(user_ids=ids[1])) == (0, 1)
        assert (await asked(query="a", limit=1, nonce="é" * 16))["nonce"] == "é" * 16
        for nonce in ("n" * 33, "é" * 17, 5, None):
            assert "nonce" not in await asked(query="a", limit=1, nonce=nonce)
        await gate.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0})
        assert await gate.close_code() == 4014


async def test_members_are_sent_on_request(playground: Playground, guild: Guild, ada: Person) -> None:
    async with Gate(playground) as gate:
        await gate.identify(GUILDS | MEMBERS)
        await gate.send(8, {"guild_id": str(guild.id), "query": "ad", "limit": 5, "nonce": "n"})
        chunk = await gate.next("GUILD_MEMBERS_CHUNK")
        assert [member["user"]["global_name"] for member in chunk["members"]] == ["Ada"]
        assert chunk["nonce"] == "n"
        await gate.send(8, {"guild_id": str(guild.id), "user_ids": [str(ada.id), "7"]})
        chunk = await gate.next("GUILD_MEMBERS_CHUNK")
        assert len(chunk["members"]) == 1 and chunk["not_found"] == ["7"]


async def test_each_shard_gets_its_guilds_and_the_first_the_direct_messages(
    playground: Playground, general: Channel, ada: Person
) -> None:
    guilds = [playground.add_guild(f"Garden {number}") for number in range(4)]
    channels = [general, *(playground.add_channel(guild, "general") for guild in guilds)]
    everywhere = {str(guild_id): (guild_id >> 22) % 2 for guild_id in playground.world.guilds}
    for guild in guilds:
        playground.join(ada, guild)
    async with Gate(playground) as zero, Gate(playground) as one:
        for index, gate in enumerate((zero, one)):
            ready = await gate.identify(MESSAGES | DIRECT | CONTENT, (index, 2))
            mine = {id for id, shard in everywhere.items() if shard == index}
            assert {guild["id"] for guild in ready["guilds"]} == mine and len(mine) >= 2
        await ada.say(ada.dm(), "direct")
        for channel in channels:
            await ada.say(channel, str(channel.guild_id))
        for index, gate in enumerate((zero, one)):
            mine = {id for id, shard in everywhere.items() if shard == index} | ({"direct"} if index == 0 else set())
            assert {(await gate.receive())["d"]["content"] for _ in mine} == mine


async def test_changes_of_the_world_are_told(playground: Playground, guild: Guild, general: Channel) -> None:
    async with Gate(playground) as gate:
        await gate.identify(GUILDS | MEMBERS)
        await gate.next("GUILD_CREATE")
        grace = playground.add_person("Grace")
        playground.join(grace, guild)
        assert (await gate.next("GUILD_MEMBER_ADD"))["user"]["id"] == str(grace.id)
        room = playground.add_channel(guild, "room")
        assert (await gate.next("CHANNEL_CREATE"))["name"] == "room"
        playground.world.set_overwrites(room, [Overwrite(id=guild.id, deny=VIEW_CHANNEL)])
        assert (await gate.next("CHANNEL_UPDATE"))["permission_overwrites"][0]["type"] == 0
        thread = await grace.open_thread(general, "aside")
        assert (await gate.next("THREAD_CREATE"))["newly_created"]
        playground.world.set_archived(thread, True)
        assert (await gate.next("THREAD_UPDATE"))["thread_metadata"]["archived"]
        playground.world.remove_channel(thread)
        assert set(await gate.next("THREAD_DELETE")) == {"id", "guild_id", "parent_id", "type"}
        playground.world.remove_guild(guild)
        assert await gate.next("GUILD_DELETE") == {"id": str(guild.id)}
        other = playground.add_guild("Other")
        joined = await gate.next("GUILD_CREATE")
        assert joined["id"] == str(other.id) and "unavailable" not in joined


async def test_a_session_is_gone_when_nobody_resumes_it_in_time() -> None:

    clock = ManualClock()
    world = World(clock)
    sessions = Sessions(world, resume_seconds=60)
    outbox = Outbox()
    session = sessions.begin((0, 1), MESSAGES, outbox, "ws://here")
    sessions.leave(session, outbox, ends=False)
    await clock.advance(61)
    assert sessions.resume(session.id, 1, outbox) is None

"""Beginning sessions and what they are told: limits, large guilds, withheld contents, threads and reactions."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.clock import ManualClock
from playground.entities import Channel, Guild
from playground.gateway import socket
from playground.gateway.frames import Closing
from playground.gateway.outbox import MAX_WAITING, Outbox
from playground.gateway.session import Sessions
from playground.limits import Rate
from playground.people import Person
from playground.server import Playground
from playground.world import PRIVILEGED_INTENTS, World
from tests.playground.client import Client
from tests.playground.gate import CONTENT, DIRECT, GUILDS, MEMBERS, MESSAGES, Gate

PRESENCES, REACTIONS, DIRECT_REACTIONS = 1 << 8, 1 << 10, 1 << 13


async def test_identifying_too_soon_is_refused_and_counts_for_nothing(playground: Playground, client: Client) -> None:
    playground.limits.set_rate("identify", Rate(1, 60.0))
    async with Gate(playground) as first, Gate(playground) as second:
        await first.identify(MESSAGES, (0, 2))
        await second.ask_to_identify(MESSAGES, (1, 2))
        assert await second.receive() == {"op": 9, "d": False}
        start = (await client.bot("GET", "/gateway/bot")).body["session_start_limit"]
        assert (start["total"], start["remaining"], start["max_concurrency"]) == (1000, 999, 1)
        playground.limits.set_rate("identify", None)
        # The same connection may try again.
        await second.identify(MESSAGES, (1, 2))
        assert playground.online


async def test_a_session_may_begin_every_five_seconds() -> None:
    clock = ManualClock()
    async with Playground(clock=clock, rates={"identify": Rate(1, 5.0)}) as playground, Gate(playground) as gate:
        for index in range(3):
            async with Gate(playground) as each:
                await each.identify(MESSAGES, (index, 3))
            await clock.advance(4.9)
            await gate.ask_to_identify(MESSAGES, (index, 3))
            assert await gate.receive() == {"op": 9, "d": False}
            await clock.advance(0.1)


async def test_the_starts_of_a_day_are_counted_from_the_first_and_all_come_back_at_once() -> None:
    clock = ManualClock()
    async with Playground(clock=clock) as playground, Client(playground) as client:

        async def told() -> tuple[int, int]:
            start = (await client.bot("GET", "/gateway/bot")).body["session_start_limit"]
            return start["remaining"], start["reset_after"]

        assert await told() == (1000, 0), "no window is open before the first"
        for expected in ((999, 86_400_000), (998, 43_200_000)):
            async with Gate(playground) as gate:
                await gate.identify(MESSAGES)
            assert await told() == expected
            await clock.advance(43_200)
        assert await told() == (1000, 0)
        async with Gate(playground) as gate:
            await gate.identify(MESSAGES)
        await clock.advance(0.0015)
        assert await told() == (999, 86_399_999)


async def test_shards_of_different_remainders_identify_together() -> None:
    async with (
        Playground(max_concurrency=2, rates={"identify": Rate(1, 60.0)}) as playground,
        Gate(playground) as zero,
        Gate(playground) as one,
        Gate(playground) as two,
    ):
        await zero.identify(MESSAGES, (0, 3))
        await one.identify(MESSAGES, (1, 3))
        await two.ask_to_identify(MESSAGES, (2, 3))
        assert (await two.receive())["op"] == 9


async def test_a_number_that_was_never_reached_cannot_be_resumed_from(playground: Playground) -> None:
    async with Gate(playground) as first:
        await first.identify(MESSAGES)
    async with Gate(playground) as second:
        await second.resume(first.session_id, 1000)
        assert await second.close_code() == 4007


def test_who_missed_too_much_cannot_resume() -> None:
    small = World()
    sessions = Sessions(small, kept=5)
    outbox = Outbox()
    session = sessions.begin((0, 1), GUILDS, outbox, "ws://here")
    sessions.leave(session, outbox, ends=False)
    for number in range(5):
        small.add_guild(f"Garden {number}")
    newer = Outbox()
    assert sessions.resume(session.id, 1, newer) is session
    assert newer.qsize() == 6
    sessions.leave(session, newer, ends=False)
    assert sessions.resume(session.id, 1, Outbox()) is None


async def test_resuming_a_session_closes_the_connection_that_it_served(
    playground: Playground, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as first, Gate(playground) as second:
        await first.identify(MESSAGES | CONTENT)
        await second.resume(first.session_id, first.sequence)
        assert (await second.receive())["t"] == "RESUMED"
        assert await first.close_code() == 4009
        await ada.say(general, "to the newer one")
        assert (await second.next("MESSAGE_CREATE"))["content"] == "to the newer one"
        assert playground.online


def test_what_waits_for_a_connection_goes_to_the_one_that_takes_over_alone() -> None:
    world = World()
    sessions = Sessions(world)
    former, latter = Outbox(), Outbox()
    session = sessions.begin((0, 1), GUILDS, former, "ws://here")
    world.add_guild("Garden")
    assert sessions.resume(session.id, 1, latter) is session
    world.add_guild("Meadow")
    (told,) = sent(former)
    assert isinstance(told, Closing) and told.code == 4009
    assert [event["t"] for event in sent(latter)] == ["GUILD_CREATE", "RESUMED", "GUILD_CREATE"]


def sent(outbox: Outbox) -> list[Any]:
    items = [outbox.get_nowait() for _ in range(outbox.qsize())]
    return [json.loads(item) if isinstance(item, str) else item for item in items]


@pytest.mark.parametrize("resumable", [False, True])
async def test_after_an_invalidation_the_same_connection_may_go_on(
    playground: Playground, general: Channel, ada: Person, resumable: bool
) -> None:
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES | CONTENT)
        playground.sessions.invalidate(resumable=resumable)
        assert not playground.online
        assert await gate.receive() == {"op": 9, "d": resumable}
        await ada.say(general, "meanwhile")
        await gate.resume(gate.session_id, gate.sequence)
        if resumable:
            assert (await gate.next("MESSAGE_CREATE"))["content"] == "meanwhile"
            assert (await gate.receive())["t"] == "RESUMED"
        else:
            assert await gate.receive() == {"op": 9, "d": False}
            await gate.identify(MESSAGES | CONTENT)
        await ada.say(general, "again")
        assert (await gate.next("MESSAGE_CREATE"))["content"] == "again"
        assert playground.online


@pytest.mark.parametrize(("threshold", "members", "large"), [(None, 53, True), (50, 51, True), (60, 53, False)])
async def test_what_is_large_is_the_bots_to_say(
    playground: Playground, guild: Guild, threshold: int | None, members: int, large: bool
) -> None:
    while len(guild.members) < members:
        playground.join(playground.add_person("Person"), guild)
    async with Gate(playground) as gate:
        given = {} if threshold is None else {"large_threshold": threshold}
        identity = {"token": playground.token, "intents": GUILDS | MEMBERS | PRESENCES, "properties": {}}
        await gate.send(2, identity | given)
        created = await gate.next("GUILD_CREATE")
        assert (created["large"], created["member_count"]) == (large, members)
        assert len(created["members"]) == (1 if large else members)


async def test_all_members_come_in_chunks(playground: Playground, guild: Guild) -> None:
    while len(guild.members) < 2001:
        playground.join(playground.add_person("Person"), guild)
    async with Gate(playground) as gate:
        await gate.identify(GUILDS | MEMBERS)
        await gate.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n"})
        chunks = [await gate.next("GUILD_MEMBERS_CHUNK") for _ in range(3)]
    assert [(each["chunk_index"], each["chunk_count"], len(each["members"])) for each in chunks] == [
        (0, 3, 1000),
        (1, 3, 1000),
        (2, 3, 1),
    ]
    ids = {member["user"]["id"] for each in chunks for member in each["members"]}
    assert ids == {str(id) for id in guild.members}


async def test_everything_a_message_holds_is_withheld_and_its_circumstances_are_not() -> None:
    async with Playground(privileged=PRIVILEGED_INTENTS & ~CONTENT) as playground, Client(playground) as client:
        guild = playground.add_guild("Garden")
        general = playground.add_channel(guild, "general")
        ada = playground.add_person("Ada")
        playground.join(ada, guild)
        async with Gate(playground) as gate:
            await gate.identify(MESSAGES | DIRECT)
            said = await ada.say(general, "secret", files=[("a.txt", b"a")])
            said.embeds, said.components = [{"title": "a"}], [{"type": 1, "id": 1, "components": []}]
            playground.world.message_edited(said)
            await gate.next("MESSAGE_CREATE")
            told = await gate.next("MESSAGE_UPDATE")
            kinds = ("content", "embeds", "attachments", "components")
            assert [told[kind] for kind in kinds] == ["", [], [], []]
            assert told["author"]["id"] == str(ada.id) and told["edited_timestamp"]
            fetched = (await client.bot("GET", f"/channels/{general.id}/messages/{said.id}")).body
            assert [fetched[kind] for kind in kinds] == ["", [], [], []]
            listed = (await client.bot("GET", f"/channels/{general.id}/messages")).body
            assert [listed[0][kind] for kind in kinds] == ["", [], [], []]


async def test_what_is_the_bots_own_or_for_it_is_not_withheld(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES | DIRECT)

        async def heard() -> str:
            content: str = (await gate.next("MESSAGE_CREATE"))["content"]
            return content

        await client.bot("POST", f"/channels/{general.id}/messages", {"content": "mine"})
        assert await heard() == "mine"
        own = general.messages[0]
        await ada.say(general, f"{playground.bot_mention} hey")
        assert await heard() == f"{playground.bot_mention} hey"
        await ada.say(general, "with a ping", reply_to=own)
        assert await heard() == "with a ping"
        await ada.say(general, "without", reply_to=own, ping=False)
        assert await heard() == ""
        await ada.say(ada.dm(), "direct")
        assert await heard() == "direct"


async def test_the_message_a_thread_opens_on_is_withheld_in_its_pointer(
    playground: Playground, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as little, Gate(playground) as much:
        await little.identify(GUILDS | MESSAGES)
        await much.identify(GUILDS | MESSAGES | CONTENT)
        said = await ada.say(general, "secret")
        await ada.open_thread(general, "aside", said)
        for gate, content in ((little, ""), (much, "secret")):
            await gate.next("MESSAGE_CREATE")
            pointer = await gate.next("MESSAGE_CREATE")
            assert pointer["type"] == 21 and pointer["referenced_message"]["content"] == content


async def test_joining_a_thread_is_told_of_others_under_the_members_intent(
    playground: Playground, general: Channel, ada: Person
) -> None:
    thread = await ada.open_thread(general, "aside")
    grace = playground.add_person("Grace")
    playground.join(grace, playground.world.guilds[general.guild_id or 0])
    async with Gate(playground) as little, Gate(playground) as much:
        await little.identify(GUILDS)
        await much.identify(GUILDS | MEMBERS)
        playground.world.join_thread(thread, grace.user)
        playground.world.join_thread(thread, playground.world.bot)
        playground.world.leave_thread(thread, grace.user)
        first = await much.next("THREAD_MEMBERS_UPDATE")
        assert first["added_members"][0]["user_id"] == str(grace.id) and first["member_count"] == 2
        own = await much.next("THREAD_MEMBERS_UPDATE")
        assert await little.next("THREAD_MEMBERS_UPDATE") == own
        assert own["added_members"][0]["user_id"] == str(playground.bot_user_id)
        assert (await much.next("THREAD_MEMBERS_UPDATE"))["removed_member_ids"] == [str(grace.id)]


async def test_a_private_thread_is_told_once_the_bot_is_in_it(
    playground: Playground, general: Channel, ada: Person
) -> None:
    async with Gate(playground) as gate:
        await gate.identify(GUILDS | MESSAGES | CONTENT)
        await gate.next("GUILD_CREATE")
        thread = await ada.open_thread(general, "aside", private=True)
        playground.world.set_archived(thread, True)
        playground.world.set_archived(thread, False)
        await ada.say(thread, "unheard")
        playground.world.join_thread(thread, playground.world.bot)
        told = [await gate.receive() for _ in range(2)]
        assert [each["t"] for each in told] == ["THREAD_CREATE", "THREAD_MEMBERS_UPDATE"]
        assert told[0]["d"]["id"] == str(thread.id)
        await ada.say(thread, "heard")
        assert (await gate.receive())["d"]["content"] == "heard"


async def test_taking_all_reactions_off_is_told(playground: Playground, general: Channel, ada: Person) -> None:
    async with Gate(playground) as public, Gate(playground) as direct:
        await public.identify(REACTIONS)
        await direct.identify(DIRECT_REACTIONS)
        for place in (general, ada.dm()):
            said = await ada.say(place, "a")
            for emoji in ("🌹", "🌻"):
                await ada.react(said, emoji)
            playground.world.clear_reactions(said, "🌹")
            playground.world.clear_reactions(said, "🌷")
            playground.world.clear_reactions(said)
        for gate in (public, direct):
            assert (await gate.next("MESSAGE_REACTION_REMOVE_EMOJI"))["emoji"] == {"id": None, "name": "🌹"}
            assert ("guild_id" in await gate.next("MESSAGE_REACTION_REMOVE_ALL")) is (gate is public)


async def test_a_session_that_was_taken_over_outlives_its_former_connection(playground: Playground) -> None:
    former = Outbox()
    latter = Outbox()
    session = playground.sessions.begin((0, 1), GUILDS, former, "")
    assert playground.sessions.resume(session.id, session.sequence, latter) is session
    playground.sessions.leave(session, former, ends=True)
    assert playground.sessions.resume(session.id, session.sequence, latter) is session
    playground.sessions.leave(session, latter, ends=True)
    assert playground.sessions.resume(session.id, 0, latter) is None


def gone(number: int, padding: str = "") -> dict[str, str]:
    return {"id": str(number), "channel_id": "1", "padding": padding}


UNBUFFERED = 24
"""Mebibytes: more than the buffers between the two ends hold, so that the writer waits for its bot."""


async def left_unread(playground: Playground, gate: Gate) -> int:
    """Until there is no room for more; how many events it was."""
    await gate.identify(GUILDS)
    (session,) = playground.sessions.connected
    for number in range(UNBUFFERED):
        session.dispatch("MESSAGE_DELETE", gone(number, "x" * (1 << 20)))
        await asyncio.sleep(0)
    for number in range(MAX_WAITING + 1):
        session.dispatch("MESSAGE_DELETE", gone(number))
    await playground.wait_for(lambda: not playground.online)
    return UNBUFFERED + MAX_WAITING + 1


async def test_who_does_not_read_is_closed_and_can_resume(playground: Playground) -> None:
    async with Gate(playground) as gate:
        count = await left_unread(playground, gate)
        assert await gate.close_code() == 4000
    async with Gate(playground) as back:
        await back.resume(gate.session_id, gate.sequence)
        numbers = [(await back.receive())["s"] for _ in range(count + 1)]
        assert numbers == list(range(2, count + 3)), "the replay is no overrun, however long"


async def test_who_reads_is_not_closed_however_much_there_is(playground: Playground) -> None:
    async with Gate(playground) as gate:
        await gate.identify(GUILDS)
        (session,) = playground.sessions.connected
        for _ in range(3):
            for number in range(MAX_WAITING // 2):
                session.dispatch("MESSAGE_DELETE", gone(number))
            for number in range(MAX_WAITING // 2):
                assert (await gate.next("MESSAGE_DELETE"))["id"] == str(number)
        assert playground.online


async def test_a_connection_that_is_never_read_is_broken_in_the_end(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = asyncio.Event()
    abort = socket.Connection._abort

    def breaks(connection: socket.Connection) -> None:
        abort(connection)
        broken.set()

    monkeypatch.setattr(socket, "CLOSING_SECONDS", 0.05)
    monkeypatch.setattr(socket.Connection, "_abort", breaks)
    async with Gate(playground) as gate:
        await left_unread(playground, gate)
        await asyncio.wait_for(broken.wait(), 5)
        assert await gate.close_code() == 1006, "no code came behind what was not read"

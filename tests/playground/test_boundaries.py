"""Where one rule ends: the three seconds, this machine, what is counted for whom, what is read by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.clock import ManualClock
from playground import events, permissions
from playground.api.local import guarded, reply
from playground.entities import COMPONENTS_V2, EPHEMERAL, Channel, Guild, Interaction, Overwrite
from playground.errors import ApiError
from playground.interactions import ANSWER_SECONDS
from playground.limits import Rate
from playground.people import Person
from playground.posting import Draft
from playground.server import Playground
from tests.playground.client import Client
from tests.playground.gate import MESSAGES, Gate

COMMAND = {"name": "ask", "description": "Asks", "type": 1}


@pytest.fixture(autouse=True)
def registered(playground: Playground) -> None:
    playground.world.commands.overwrite(None, [COMMAND])


async def answered(client: Client, person: Person, channel: Channel, content: str = "a") -> Interaction:
    asked = (await person.command(channel, "ask")).interaction
    path = f"/interactions/{asked.id}/{asked.token}/callback"
    assert (await client.bot("POST", path, {"type": 4, "data": {"content": content}})).status == 204
    return asked


@pytest.mark.parametrize(
    ("remote", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:80", 200),
        ("::1", "[::1]:80", 200),
        ("127.0.0.1", "localhost", 200),
        ("192.0.2.7", "127.0.0.1:80", 403),
        ("2001:db8::7", "localhost", 403),
        ("127.0.0.1", "playground.example", 403),
        (None, "127.0.0.1", 403),
    ],
)
async def test_people_are_of_this_machine(remote: str | None, host: str, status: int) -> None:
    async def served(request: web.Request) -> web.StreamResponse:
        return reply({})

    transport = Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: (remote, 7) if name == "peername" else default
    request = make_mocked_request("GET", "/playground/api/state", headers={"Host": host}, transport=transport)
    assert (await guarded(served)(request)).status == status


async def test_interactions_pass_where_the_global_window_is_full(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    playground.limits.set_rate("global", Rate(1, 60.0))
    statuses = [(await client.bot("GET", f"/channels/{general.id}")).status for _ in range(2)]
    assert statuses == [200, 429]
    asked = await answered(client, ada, general)
    webhook = f"/webhooks/{playground.bot_user_id}/{asked.token}"
    assert (await client.bot("POST", webhook, {"content": "more"})).status == 200
    assert (await client.bot("GET", f"/channels/{general.id}")).status == 429


async def test_answers_in_one_channel_share_a_hidden_window(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    playground.limits.set_rate("interaction.channel", Rate(2, 60.0))
    elsewhere = playground.add_channel(guild, "elsewhere")
    first, second, third = [await answered(client, ada, place) for place in (general, general, elsewhere)]

    async def more(asked: Interaction) -> Any:
        return await client.bot("POST", f"/webhooks/{playground.bot_user_id}/{asked.token}", {"content": "more"})

    replies = [await more(asked) for asked in (first, second, first, third)]
    assert [each.status for each in replies] == [200, 200, 429, 200]
    refused = replies[2]
    assert refused.headers["X-RateLimit-Scope"] == "shared" and int(refused.headers["X-RateLimit-Remaining"]) > 0
    counted = playground.limits.counted()
    assert (counted["total_refused"], counted["scopes"], counted["invalid"]) == (1, {"shared": 1}, 0)


async def test_what_counts_as_invalid(playground: Playground, client: Client, general: Channel) -> None:
    playground.limits.set_rate("message.create", Rate(1, 60.0))
    for _ in range(2):
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})
    await client.fetch("GET", f"{playground.api_url}/users/@me", headers={"Authorization": "Bot nobody"})
    await client.bot("GET", "/channels/1")
    hidden = Overwrite(id=playground.bot_user_id, for_member=True, deny=permissions.VIEW_CHANNEL)
    playground.world.set_overwrites(general, [hidden])
    await client.bot("GET", f"/channels/{general.id}")
    assert playground.limits.counted()["invalid"] == 3


async def test_an_answers_token_opens_the_webhook_of_its_application_alone(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    asked = await answered(client, ada, general)
    for webhook, status in ((ada.id, 404), (asked.id, 404), (playground.bot_user_id, 200)):
        for path in (f"/webhooks/{webhook}/{asked.token}/messages/@original", f"/webhooks/{webhook}/{asked.token}"):
            method = "GET" if path.endswith("@original") else "POST"
            got = await client.bot(method, path, None if method == "GET" else {"content": "more"})
            assert got.status == status and (status == 200 or got.code == 10015)
    assert [message.content for message in asked.messages] == ["a", "more"]


async def test_an_interactions_id_and_token_belong_together(client: Client, general: Channel, ada: Person) -> None:
    first, second = [(await ada.command(general, "ask")).interaction for _ in range(2)]
    crossed = await client.bot("POST", f"/interactions/{first.id}/{second.token}/callback", {"type": 5})
    assert (crossed.status, crossed.code) == (404, 10062) and first.answered is second.answered is None


async def test_a_reply_to_an_answer_does_not_address_the_bot(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    asked = await answered(client, ada, general)
    plain = (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "plain"})).body
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES)
        assert asked.original is not None
        await ada.say(general, "to the answer", reply_to=asked.original)
        await ada.say(general, "to the message", reply_to=general.by_id[int(plain["id"])])
        await ada.say(general, f"{playground.bot_mention} to the answer", reply_to=asked.original)
        told = [await gate.next("MESSAGE_CREATE") for _ in range(3)]
    assert [message["content"] for message in told] == ["", "to the message", f"{playground.bot_mention} to the answer"]
    assert all(playground.bot_user_id == int(message["mentions"][0]["id"]) for message in told)


async def test_one_role_that_may_is_enough(playground: Playground, guild: Guild, general: Channel, ada: Person) -> None:
    commands = playground.world.commands
    roles = [playground.world.add_role(guild, name) for name in ("Readers", "Writers")]
    playground.join(ada, guild, roles=roles)
    commands.permit(guild, "ask", guild.id, False)
    commands.permit(guild, "ask", roles[0].id, False)
    assert not commands.offered(ada.user, general)
    commands.permit(guild, "ask", roles[1].id, True)
    assert commands.offered(ada.user, general)
    commands.permit(guild, "ask", ada.id, False)
    assert not commands.offered(ada.user, general)


class Late(ManualClock):
    """Whose sleepers are not woken in time, as under load."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(("waited", "in_time"), [(ANSWER_SECONDS, True), (ANSWER_SECONDS + 0.01, False)])
async def test_three_seconds_are_over_though_nobody_was_told_yet(waited: float, in_time: bool) -> None:
    clock = Late()
    async with Playground(clock=clock) as playground:
        guild = playground.add_guild("Garden")
        general, ada = playground.add_channel(guild, "general"), playground.add_person("Ada")
        playground.join(ada, guild)
        playground.world.commands.overwrite(None, [COMMAND])
        asked = (await ada.command(general, "ask")).interaction
        await clock.advance(waited)
        assert not asked.failed
        if in_time:
            playground.interactions.answer(asked, 4, {}, Draft(content="a"))
        else:
            with pytest.raises(ApiError, match="10062"):
                playground.interactions.answer(asked, 4, {}, Draft(content="a"))
        assert (asked.answered is not None) is in_time


async def test_an_interaction_says_where_it_is_and_what_the_bot_may_there(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    playground.grant_bot(guild, ["manage_messages"])
    silent = Overwrite(id=playground.bot_user_id, for_member=True, deny=permissions.ATTACH_FILES)
    quiet = playground.add_channel(guild, "quiet", overwrites=[silent])
    async with Gate(playground) as gate:
        await gate.identify(0)
        told = []
        for place in (general, quiet, ada.dm()):
            await ada.command(place, "ask")
            told.append(await gate.next("INTERACTION_CREATE"))
    assert [each["context"] for each in told] == [0, 0, 1]
    granted = [int(each["app_permissions"]) for each in told]
    needed = permissions.SEND_MESSAGES | permissions.ATTACH_FILES
    assert [each & needed for each in granted] == [needed, permissions.SEND_MESSAGES, needed]
    assert [bool(each & permissions.MANAGE_MESSAGES) for each in granted] == [True, True, False]
    assert granted[0] == permissions.EVERYONE | permissions.MANAGE_MESSAGES


async def test_a_promise_settles_only_who_sees_it(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    asked = (await ada.command(general, "ask")).interaction
    flags = EPHEMERAL | COMPONENTS_V2
    await client.bot("POST", f"/interactions/{asked.id}/{asked.token}/callback", {"type": 5, "data": {"flags": flags}})
    assert asked.original is not None and asked.original.private and not asked.original.flags & COMPONENTS_V2
    original = f"/webhooks/{playground.bot_user_id}/{asked.token}/messages/@original"
    assert (await client.bot("PATCH", original, {"content": "kept"})).body["content"] == "kept"


async def test_a_message_that_is_gone_cannot_be_changed_by_its_button(
    client: Client, general: Channel, ada: Person
) -> None:
    button = {"type": 2, "style": 1, "custom_id": "press", "label": "Press"}
    panel = {"content": "panel", "components": [{"type": 1, "components": [button]}]}
    path = f"/channels/{general.id}/messages"
    sent = (await client.bot("POST", path, panel)).body
    pressed = (await ada.click(general.messages[0], "press")).interaction
    assert (await client.bot("DELETE", f"{path}/{sent['id']}")).status == 204
    callback = f"/interactions/{pressed.id}/{pressed.token}/callback"
    refused = await client.bot("POST", callback, {"type": 7, "data": {"content": "late"}})
    assert (refused.status, refused.code) == (404, 10008) and pressed.answered is None
    assert (await client.bot("POST", callback, {"type": 4, "data": {"content": "instead"}})).status == 204


@pytest.mark.parametrize("kind", ["message", "answer"])
async def test_a_message_that_goes_while_its_change_comes_is_not_changed(
    playground: Playground, client: Client, general: Channel, ada: Person, kind: str
) -> None:
    asked = await answered(client, ada, general)
    places = {
        "message": f"/channels/{general.id}/messages/{general.messages[0].id}",
        "answer": f"/webhooks/{playground.bot_user_id}/{asked.token}/messages/@original",
    }
    told: list[events.Event] = []
    playground.world.subscribe(told.append)

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"content": '
        # What comes on another connection is served after the beginning of this one.
        assert (await client.bot("GET", places[kind])).status == 200
        assert (await client.bot("DELETE", places[kind])).status == 204
        yield b'"late"}'

    headers = {"Authorization": f"Bot {playground.token}", "Content-Type": "application/json"}
    refused = await client.fetch("PATCH", playground.api_url + places[kind], data=slow(), headers=headers)
    assert (refused.status, refused.code) == (404, 10008)
    assert [type(event) for event in told] == [events.MessageDeleted, events.CallRefused]


async def test_a_channel_that_is_gone_takes_no_answers(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    done, asked = await answered(client, ada, general), (await ada.command(general, "ask")).interaction
    playground.world.remove_channel(general)
    late = {"type": 4, "data": {"content": "late"}}
    refused = [
        await client.bot("POST", f"/interactions/{asked.id}/{asked.token}/callback", late),
        await client.bot("POST", f"/webhooks/{playground.bot_user_id}/{done.token}", {"content": "late"}),
        await client.bot("GET", f"/webhooks/{playground.bot_user_id}/{done.token}/messages/@original"),
    ]
    assert [(each.status, each.code) for each in refused] == [(404, 10003)] * 3


async def test_text_among_components_pings_as_content_does(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    grace = playground.add_person("Grace")
    playground.join(grace, guild)

    def shown(*people: Person) -> dict[str, Any]:
        texts = [{"type": 10, "content": person.mention} for person in people]
        return {"components": [{"type": 17, "components": texts}]}

    path = f"/channels/{general.id}/messages"
    sent = (await client.bot("POST", path, {"flags": COMPONENTS_V2, **shown(ada)})).body
    assert [user["id"] for user in sent["mentions"]] == [str(ada.id)]
    edited = (await client.bot("PATCH", f"{path}/{sent['id']}", shown(grace, ada))).body
    assert [user["id"] for user in edited["mentions"]] == [str(grace.id), str(ada.id)]
    quiet = {**shown(ada), "allowed_mentions": {"parse": []}}
    assert (await client.bot("PATCH", f"{path}/{sent['id']}", quiet)).body["mentions"] == []
    plain = (await client.bot("POST", path, {"content": ada.mention, "allowed_mentions": {"parse": []}})).body
    button = {"type": 2, "style": 1, "custom_id": "press", "label": "Press"}
    buttons = {"components": [{"type": 1, "components": [button]}]}
    assert (await client.bot("PATCH", f"{path}/{plain['id']}", buttons)).body["mentions"] == []
    asked = (await ada.command(general, "ask")).interaction
    answer = {"type": 4, "data": {"flags": COMPONENTS_V2, **shown(grace)}}
    await client.bot("POST", f"/interactions/{asked.id}/{asked.token}/callback", answer)
    assert asked.original is not None and asked.original.mentions.users == (grace.user,)


@pytest.mark.parametrize(
    ("allowed", "pings"),
    [
        (None, (1, 0, False)),
        ({"parse": []}, (0, 0, False)),
        ({"parse": ["users", "roles"]}, (1, 1, False)),
        ({"parse": ["everyone"]}, (0, 0, True)),
    ],
)
async def test_whom_an_answer_pings(
    playground: Playground,
    client: Client,
    guild: Guild,
    general: Channel,
    ada: Person,
    allowed: dict[str, Any] | None,
    pings: tuple[int, int, bool],
) -> None:
    role = playground.world.add_role(guild, "Gardeners", mentionable=True)
    body = {"content": f"{ada.mention} <@&{role.id}> @everyone"} | ({"allowed_mentions": allowed} if allowed else {})
    asked = await answered(client, ada, general)
    webhook = f"/webhooks/{playground.bot_user_id}/{asked.token}"
    replies = [
        await client.bot("POST", webhook, body),
        await client.bot("PATCH", f"{webhook}/messages/@original", body),
    ]
    for shown in (each.body for each in replies):
        assert (len(shown["mentions"]), len(shown["mention_roles"]), shown["mention_everyone"]) == pings

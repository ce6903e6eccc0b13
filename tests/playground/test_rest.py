"""What Discord's API refuses and how, with time in hand where it matters."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.clock import ManualClock
from playground import cdn, events, permissions
from playground.entities import Channel, Guild, Overwrite
from playground.people import Invocation, Person
from playground.server import Playground
from tests.playground.client import Client

COMMAND = {"name": "ask", "description": "Asks", "type": 1}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def playground(clock: ManualClock) -> AsyncIterator[Playground]:
    everything = dict.fromkeys(("message.create", "message.edit", "message.delete", "global", "interaction.webhook"))
    async with Playground(clock=clock, rates=everything) as playground:
        yield playground


@pytest.fixture
async def asked(playground: Playground, general: Channel, ada: Person) -> Invocation:
    playground.world.commands.overwrite(None, [COMMAND])
    return await ada.command(general, "ask")


def _messages(channel: Channel) -> str:
    return f"/channels/{channel.id}/messages"


def _callback(asked: Invocation) -> str:
    return f"/interactions/{asked.interaction.id}/{asked.interaction.token}/callback"


def _webhook(playground: Playground, asked: Invocation, rest: str = "") -> str:
    return f"/webhooks/{playground.bot_user_id}/{asked.interaction.token}{rest}"


async def test_a_wrong_token_is_refused(playground: Playground, client: Client) -> None:
    wrong = await client.fetch("GET", f"{playground.api_url}/users/@me", headers={"Authorization": "Bot nobody"})
    assert wrong.status == 401 and wrong.body["message"] == "401: Unauthorized"
    assert (await client.bot("GET", "/users/@me")).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "asked", ["GET /no/such/thing", "PUT /users/@me", "GET /guilds/1/emojis", "GET /channels/1/messages/pins", "GET /"]
)
async def test_what_is_not_served_says_so(client: Client, asked: str) -> None:
    reply = await client.bot(*asked.split())
    assert (reply.status, reply.headers["Content-Type"]) == (501, "application/json")
    assert reply.body == {"message": f"{asked} is not served by the playground", "code": 0}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"content": "a" * 2001}, 400, 50035, "content"),
        ({"content": "  "}, 400, 50006, None),
        ({"content": "a", "nonce": "n" * 26}, 400, 50035, "nonce"),
        ({"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 400, 50035, "allowed_mentions"),
        ({"embeds": [{"title": "t" * 257}]}, 400, 50035, "embeds"),
        ({"embeds": [{"description": "d" * 4000}] * 2}, 400, 50035, "embeds"),
        ({"content": "a", "message_reference": {"message_id": "1"}}, 400, 50035, "message_reference"),
        ({"content": "a", "message_reference": {"message_id": "that"}}, 400, 50035, "message_reference"),
        ({"content": "a", "components": [{"type": 2, "custom_id": "x"}]}, 400, 50035, "components"),
        ({"content": "a", "flags": 1 << 15, "components": [{"type": 10, "content": "b"}]}, 400, 50035, "content"),
    ],
)
async def test_what_a_message_may_not_be(
    client: Client, general: Channel, body: dict[str, Any], status: int, code: int, field: str | None
) -> None:
    reply = await client.bot("POST", _messages(general), body)
    assert (reply.status, reply.code) == (status, code)
    assert field is None or field in reply.body["errors"]
    assert not general.messages


async def test_lengths_are_counted_in_code_points(client: Client, general: Channel) -> None:
    assert (await client.bot("POST", _messages(general), {"content": "🎉" * 2000})).status == 200


@pytest.mark.parametrize(
    ("denied", "body", "code"),
    [
        (permissions.VIEW_CHANNEL, {"content": "a"}, 50001),
        (permissions.SEND_MESSAGES, {"content": "a"}, 50013),
        (permissions.EMBED_LINKS, {"embeds": [{"title": "a"}]}, 50013),
        (permissions.READ_MESSAGE_HISTORY, {"content": "a", "message_reference": {"message_id": "1"}}, 160002),
    ],
)
async def test_what_permissions_forbid(
    playground: Playground, client: Client, general: Channel, denied: int, body: dict[str, Any], code: int
) -> None:
    overwrite = Overwrite(id=playground.bot_user_id, for_member=True, deny=denied)
    playground.world.set_overwrites(general, [overwrite])
    assert (await client.bot("POST", _messages(general), body)).code == code


async def test_who_takes_no_direct_messages_gets_none(client: Client, ada: Person) -> None:
    dm = (await client.bot("POST", "/users/@me/channels", {"recipient_id": str(ada.id)})).body["id"]
    ada.user.takes_dms = False
    refused = await client.bot("POST", f"/channels/{dm}/messages", {"content": "a"})
    assert (refused.status, refused.code) == (403, 50007) and not ada.dm().messages
    await ada.say(ada.dm(), "I may write first")
    ada.user.takes_dms = True
    assert (await client.bot("POST", f"/channels/{dm}/messages", {"content": "a"})).status == 200


async def test_unknown_things(client: Client, general: Channel) -> None:
    assert (await client.bot("GET", "/channels/1")).code == 10003
    assert (await client.bot("GET", f"{_messages(general)}/1")).code == 10008
    assert (await client.bot("GET", "/guilds/1")).code == 10004
    assert (await client.bot("GET", f"/guilds/{general.guild_id}/members/1")).code == 10007
    assert (await client.bot("POST", "/users/@me/channels", {"recipient_id": "1"})).code == 10013
    assert (await client.bot("GET", "/channels/general")).code == 50035
    assert (await client.bot("GET", f"{_messages(general)}?after=yesterday")).code == 50035


async def test_others_messages(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "mine")
    place = f"{_messages(general)}/{said.id}"
    assert (await client.bot("PATCH", place, {"content": "yours"})).code == 50005
    assert (await client.bot("DELETE", place)).code == 50013
    assert (await client.bot("PUT", f"{place}/reactions/word/@me")).code == 10014
    playground.grant_bot(guild, ["manage_messages"])
    assert (await client.bot("DELETE", place)).status == 204
    assert (await client.bot("GET", place)).code == 10008


async def test_bulk_deletion(
    playground: Playground, client: Client, clock: ManualClock, guild: Guild, general: Channel, ada: Person
) -> None:
    old = await ada.say(general, "old")
    await clock.advance(15 * 86_400)
    fresh = [await ada.say(general, str(number)) for number in range(3)]
    path = f"{_messages(general)}/bulk-delete"
    ids = [str(message.id) for message in fresh]
    assert (await client.bot("POST", path, {"messages": ids})).code == 50013
    playground.grant_bot(guild, ["manage_messages"])
    assert (await client.bot("POST", path, {"messages": ids[:1]})).code == 50035
    assert (await client.bot("POST", path, {"messages": [*ids, str(old.id)]})).code == 50034
    assert (await client.bot("POST", path, {"messages": [str(number) for number in range(101)]})).code == 50035
    told: list[events.Event] = []
    playground.world.subscribe(told.append)
    assert (await client.bot("POST", path, {"messages": [ids[0], "1"]})).status == 204
    assert (await client.bot("POST", path, {"messages": ids})).status == 204
    assert general.messages == [old]
    await ada.delete(old)
    bulks = [len(event.messages) for event in told if isinstance(event, events.MessagesDeleted)]
    assert bulks == [1, 2] and [event.message for event in told if isinstance(event, events.MessageDeleted)] == [old]


async def test_history_is_paged_from_every_side(client: Client, general: Channel, ada: Person) -> None:
    ids = [(await ada.say(general, str(number))).id for number in range(6)]

    async def page(query: str) -> list[str]:
        return [message["content"] for message in (await client.bot("GET", f"{_messages(general)}?{query}")).body]

    assert await page("limit=2") == ["5", "4"]
    assert await page(f"limit=2&before={ids[3]}") == ["2", "1"]
    assert await page(f"limit=2&after={ids[3]}") == ["5", "4"]
    assert await page(f"limit=2&after={ids[1]}") == ["3", "2"]
    assert await page(f"limit=3&around={ids[2]}") == ["3", "2", "1"]
    assert (await client.bot("GET", f"{_messages(general)}?limit=101")).code == 50035


async def test_a_nonce_is_remembered_for_minutes(client: Client, clock: ManualClock, general: Channel) -> None:
    body = {"content": "once", "nonce": "42", "enforce_nonce": True}
    first, second = [(await client.bot("POST", _messages(general), body)).body["id"] for _ in range(2)]
    assert first == second and len(general.messages) == 1
    await client.bot("POST", _messages(general), {**body, "enforce_nonce": False})
    assert len(general.messages) == 2
    await clock.advance(301)
    await client.bot("POST", _messages(general), body)
    assert len(general.messages) == 3


async def test_a_deleted_message_is_not_what_a_nonce_gives_back(client: Client, general: Channel) -> None:
    body = {"content": "once", "nonce": "42", "enforce_nonce": True}
    first = (await client.bot("POST", _messages(general), body)).body["id"]
    await client.bot("DELETE", f"{_messages(general)}/{first}")
    second = (await client.bot("POST", _messages(general), body)).body["id"]
    assert [str(message.id) for message in general.messages] == [second]
    assert (await client.bot("POST", _messages(general), body)).body["id"] == second


async def test_an_edit_parses_mentions_anew_and_allows_all_by_default(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    quiet = {"content": f"{ada.mention} @everyone", "allowed_mentions": {"parse": []}}
    sent = (await client.bot("POST", _messages(general), quiet)).body
    assert (sent["mentions"], sent["mention_everyone"]) == ([], False)
    place = f"{_messages(general)}/{sent['id']}"
    assert (await client.bot("PATCH", place, quiet)).body["mentions"] == []
    loud = (await client.bot("PATCH", place, {"content": f"{ada.mention} @everyone"})).body
    assert [user["id"] for user in loud["mentions"]] == [str(ada.id)] and loud["mention_everyone"]


async def test_an_edit_changes_only_what_it_names(client: Client, general: Channel) -> None:
    body = {"content": "words", "embeds": [{"title": "t"}]}
    sent = (await client.bot("POST", _messages(general), body)).body
    place = f"{_messages(general)}/{sent['id']}"
    assert (await client.bot("PATCH", place, {"embeds": []})).body["content"] == "words"
    assert (await client.bot("PATCH", place, {"content": ""})).code == 50006
    assert general.messages[0].content == "words"


async def test_threads_by_the_bot(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "topic")
    opened = await client.bot("POST", f"{_messages(general)}/{said.id}/threads", {"name": "aside"})
    assert opened.status == 201 and opened.body["id"] == str(said.id)
    again = await client.bot("POST", f"{_messages(general)}/{said.id}/threads", {"name": "aside"})
    assert again.code == 160004
    sent = await client.bot("POST", f"/channels/{said.id}/messages", {"content": "in"})
    assert (await client.bot("PATCH", f"/channels/{said.id}", {"archived": True})).status == 200
    place = f"/channels/{said.id}/messages/{sent.body['id']}"
    assert (await client.bot("PATCH", place, {"content": "late"})).code == 50083
    await client.bot("POST", f"/channels/{said.id}/messages", {"content": "wakes it"})
    assert not guild.channels[said.id].archived
    started = (await client.bot("GET", f"/channels/{said.id}/messages")).body[-1]
    assert started["type"] == 21 and started["referenced_message"]["content"] == "topic"
    deny = Overwrite(id=playground.bot_user_id, for_member=True, deny=permissions.SEND_MESSAGES_IN_THREADS)
    playground.world.set_overwrites(general, [deny])
    assert (await client.bot("POST", f"/channels/{said.id}/messages", {"content": "in"})).code == 50013


async def test_links_to_files_are_signed_and_expire(
    client: Client, clock: ManualClock, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "", files=[("a b.txt", "안녕".encode())])
    place = f"{_messages(general)}/{said.id}"

    async def url() -> str:
        link: str = (await client.bot("GET", place)).body["attachments"][0]["url"]
        return link

    link = await url()
    fetched = await client.fetch("GET", link)
    assert fetched.body == "안녕".encode() and fetched.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (await client.fetch("GET", link.replace("ex=", "ex=1"))).status == 404
    await clock.advance(86_401)
    assert (await client.fetch("GET", link)).status == 404
    assert (await client.fetch("GET", await url())).status == 200


async def test_files_have_limits(playground: Playground, client: Client, general: Channel) -> None:
    form = aiohttp.FormData({"payload_json": "{}"})
    form.add_field("files[0]", io.BytesIO(bytes(10 * 1024 * 1024 + 1)), filename="large")
    url, headers = f"{playground.api_url}{_messages(general)}", {"Authorization": f"Bot {playground.token}"}
    assert (await client.fetch("POST", url, data=form, headers=headers)).code == 40005
    many = aiohttp.FormData({"payload_json": "{}"})
    for number in range(11):
        many.add_field(f"files[{number}]", b"0", filename="small")
    assert (await client.fetch("POST", url, data=many, headers=headers)).code == 30015


async def test_without_the_intent_history_is_blank_too(clock: ManualClock) -> None:
    async with Playground(clock=clock, privileged=0) as playground, Client(playground) as client:
        guild = playground.add_guild("Garden")
        general, ada = playground.add_channel(guild, "general"), playground.add_person("Ada")
        playground.join(ada, guild)
        await ada.say(general, "secret")
        await ada.say(general, f"for {playground.bot_mention}")
        messages = (await client.bot("GET", _messages(general))).body
        assert [message["content"] for message in messages] == [f"for {playground.bot_mention}", ""]


async def test_an_interaction_is_answered_once(playground: Playground, client: Client, asked: Invocation) -> None:
    body = {"type": 4, "data": {"content": "yes", "flags": 64}}
    response = await client.bot("POST", f"{_callback(asked)}?with_response=true", body)
    assert response.body["interaction"]["response_message_ephemeral"] is True
    assert response.body["resource"]["message"]["content"] == "yes"
    assert (await client.bot("POST", _callback(asked), body)).code == 40060
    message_id = response.body["interaction"]["response_message_id"]
    assert (await client.bot("GET", f"{_messages(asked.interaction.channel)}/{message_id}")).code == 10008
    edited = await client.bot("PATCH", _webhook(playground, asked, "/messages/@original"), {"content": "no"})
    assert edited.body["content"] == "no"
    more = await client.bot("POST", _webhook(playground, asked), {"content": "more"})
    assert (await client.bot("DELETE", _webhook(playground, asked, f"/messages/{more.body['id']}"))).status == 204
    assert [message.content for message in asked.messages] == ["no"]


async def test_an_interaction_is_unknown_after_three_seconds(
    client: Client, clock: ManualClock, asked: Invocation, playground: Playground
) -> None:
    await clock.advance(3.1)
    assert asked.failed
    assert (await client.bot("POST", _callback(asked), {"type": 5})).code == 10062
    assert (await client.bot("POST", _webhook(playground, asked), {"content": "late"})).code == 10015


async def test_a_token_holds_for_fifteen_minutes(
    playground: Playground, client: Client, clock: ManualClock, asked: Invocation
) -> None:
    assert (await client.bot("POST", _webhook(playground, asked), {"content": "early"})).code == 10015
    await client.bot("POST", _callback(asked), {"type": 5})
    await clock.advance(14 * 60)
    assert (await client.bot("POST", _webhook(playground, asked), {"content": "in time"})).status == 200
    await clock.advance(61)
    late = await client.bot("POST", _webhook(playground, asked), {"content": "late"})
    assert (late.status, late.code) == (401, 50027)
    assert (await client.bot("POST", "/webhooks/1/nonsense", {"content": "a"})).code == 10015


async def test_a_refused_answer_leaves_the_interaction_open(client: Client, asked: Invocation) -> None:
    assert (await client.bot("POST", _callback(asked), {"type": 4, "data": {"content": ""}})).code == 50006
    assert (await client.bot("POST", _callback(asked), {"type": 7, "data": {"content": "a"}})).code == 50035
    form = {"type": 9, "data": {"title": "t" * 46, "custom_id": "f", "components": []}}
    assert (await client.bot("POST", _callback(asked), form)).code == 50035
    assert (await client.bot("POST", _callback(asked), {"type": 4, "data": {"content": "b"}})).status == 204


async def test_an_answer_that_goes_while_its_edit_comes_in_is_not_edited(
    playground: Playground, client: Client, asked: Invocation
) -> None:
    await client.bot("POST", _callback(asked), {"type": 4, "data": {"content": "soon gone"}})
    path = _webhook(playground, asked, "/messages/@original")
    told: list[events.Event] = []
    playground.world.subscribe(told.append)

    async def late() -> AsyncIterator[bytes]:
        """Asked for once the server waits for the body."""
        assert (await client.bot("DELETE", path)).status == 204
        yield b'{"content": "too late"}'

    headers = {"Content-Type": "application/json"}
    edited = await client.fetch("PATCH", playground.api_url + path, data=late(), headers=headers, expect100=True)
    assert edited.code == 10008
    assert not [event for event in told if isinstance(event, events.MessageEdited)]


async def test_answers_to_interactions_ping_people_only_by_default(
    client: Client, asked: Invocation, ada: Person
) -> None:
    await client.bot("POST", _callback(asked), {"type": 4, "data": {"content": f"{ada.mention} @everyone"}})
    answer = asked.messages[0]
    assert answer.mentions.users == (ada.user,) and not answer.mentions.everyone


async def test_commands_are_kept_as_sent(playground: Playground, client: Client, guild: Guild) -> None:
    path = f"/applications/{playground.bot_user_id}/commands"
    first = (await client.bot("PUT", path, [COMMAND])).body
    second = (await client.bot("PUT", path, [{**COMMAND, "description": "Asks again"}])).body
    assert first[0]["id"] == second[0]["id"] and first[0]["version"] != second[0]["version"]
    assert (await client.bot("GET", path)).body == second
    own = f"/applications/{playground.bot_user_id}/guilds/{guild.id}/commands"
    assert (await client.bot("POST", own, COMMAND)).status == 201
    assert (await client.bot("GET", own)).body[0]["guild_id"] == str(guild.id)
    assert (await client.bot("GET", f"{path}/1")).code == 10063
    refused = await client.bot("PUT", path, [{**COMMAND, "name": "Ask me"}])
    assert refused.code == 50035 and "name" in refused.body["errors"]["0"]


@pytest.mark.parametrize(
    ("name", "type", "shown"),
    [
        ("a.png", "image/png", "inline"),
        ("a.txt", "text/plain", "inline"),
        ("a.svg", "image/svg+xml", "attachment"),
        ("a.html", "text/html", "attachment"),
    ],
)
async def test_a_file_can_do_nothing_at_the_pages_address(
    playground: Playground, general: Channel, ada: Person, name: str, type: str, shown: str
) -> None:
    message = await ada.say(general, "look", files=[(name, b"<script>alert(1)</script>")])
    link = cdn.link(playground.world, message.attachments[0])
    async with aiohttp.ClientSession() as http, http.get(link) as answer:
        assert (answer.status, answer.content_type) == (200, type)
        assert answer.headers["Content-Disposition"] == shown
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    async with aiohttp.ClientSession() as http, http.get(f"{link.partition('&hm=')[0]}&hm=%C3%A9") as answer:
        assert answer.status == 404


async def test_white_space_around_a_message_is_dropped(client: Client, general: Channel) -> None:
    sent = await client.bot("POST", f"/channels/{general.id}/messages", {"content": "  \n hi \n "})
    assert sent.body["content"] == "hi"
    edited = await client.bot("PATCH", f"/channels/{general.id}/messages/{sent.body['id']}", {"content": "\n\nbye "})
    assert edited.body["content"] == "bye"


async def test_names_of_commands_may_have_combining_marks(client: Client, playground: Playground) -> None:
    named = {**COMMAND, "name_localizations": {"hi": "पूछें", "th": "ถามที่นี่"}}
    answer = await client.bot("PUT", f"/applications/{playground.bot_user_id}/commands", [named])
    assert answer.status == 200

"""The playground over HTTP, with a bot of a few lines on the other side where one must answer."""

from __future__ import annotations

import asyncio
import base64
import re
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import ManualClock
from playground import page
from playground.api.local import PREFIX
from playground.entities import Channel, Guild, Overwrite
from playground.gateway.outbox import MAX_WAITING
from playground.models.recorder import Recorder
from playground.people import Person
from playground.permissions import VIEW_CHANNEL
from playground.server import Playground, default_world
from tests.playground.bot import Parrot
from tests.playground.client import Client
from tests.playground.gate import MESSAGES, Gate

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "playground.md"


async def _events(feed: aiohttp.ClientWebSocketResponse, until: str) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] != until:
        seen.append(await feed.receive_json(timeout=30))
    return seen


async def test_a_feed_is_broken_that_leaves_too_much_unread(
    playground: Playground, client: Client, general: Channel, guild: Guild, ada: Person
) -> None:
    def change(times: int) -> None:
        for _ in range(times):
            playground.world.type(general, playground.world.bot)

    feed = await client.events(ada.id)
    for _ in range(3):
        change(MAX_WAITING // 2)
        for _ in range(MAX_WAITING // 2):
            await _events(feed, "typing")
    change(MAX_WAITING + 1)
    seen = 0
    while (await feed.receive(timeout=30)).type is aiohttp.WSMsgType.TEXT:
        seen += 1
    assert seen <= MAX_WAITING and feed.close_code == 1006
    again = await client.events(ada.id)
    change(1)
    assert [event["type"] for event in await _events(again, "typing")] == ["bot", "typing"]


async def test_the_state_of_the_default_world(playground: Playground, client: Client) -> None:
    default_world(playground)
    state = (await client.people("GET", "/state")).body
    assert {(person["name"], person["locale"]) for person in state["people"]} == {
        ("Ada", "en-US"),
        ("민준", "ko"),
        ("Grace", "en-US"),
    }
    channels = {channel["name"]: channel for channel in state["guilds"][0]["channels"]}
    assert list(channels) == ["general", "korean-한국어", "questions-질문", "mods"]
    grace = next(person["id"] for person in state["people"] if person["name"] == "Grace")
    assert channels["mods"]["viewers"] == [grace] and len(channels["general"]["writers"]) == 3
    assert len(state["dms"]) == 3 and state["bot"]["online"] is False


async def test_saying_editing_reacting_deleting(client: Client, general: Channel, ada: Person) -> None:
    path, me = f"/channels/{general.id}/messages", {"user_id": str(ada.id)}
    files = [{"filename": "a.txt", "content_base64": base64.b64encode(b"a").decode()}]
    said = await client.people("POST", path, {**me, "content": "helo", "files": files})
    assert said.status == 201 and said.body["attachments"][0]["filename"] == "a.txt"
    place = f"{path}/{said.body['id']}"
    await client.people("PATCH", place, {**me, "content": "hello"})
    await client.people("PUT", f"{place}/reactions", {**me, "emoji": "🎉"})
    reply = await client.people("POST", path, {**me, "content": "me too", "reply_to": said.body["id"]})
    assert reply.body["referenced_message"]["content"] == "hello"
    shown = (await client.people("GET", f"{path}?user_id={ada.id}&versions=1")).body["messages"]
    assert [version["content"] for version in shown[0]["versions"]] == ["helo", "hello"]
    assert shown[0]["reactions"] == [{"emoji": "🎉", "count": 1, "user_ids": [str(ada.id)]}]
    await client.people("DELETE", f"{place}/reactions?user_id={ada.id}&emoji=🎉")
    assert (await client.people("DELETE", f"{place}?user_id={ada.id}")).status == 204
    assert [message.content for message in general.messages] == ["me too"]


async def test_posting_in_a_forum(playground: Playground, client: Client, guild: Guild, ada: Person) -> None:
    forum = playground.add_channel(guild, "beds", "forum", tags=["Question", "Solved"], tag_required=True)
    path = f"/channels/{forum.id}/posts"
    feed = await client.events(ada.id)
    note = [{"filename": "a.txt", "content_base64": base64.b64encode(b"a").decode()}]
    given = {"user_id": str(ada.id), "name": "Roses", "content": "why so red?", "tags": ["Question"], "files": note}
    posted = await client.people("POST", path, given)
    assert posted.status == 201 and posted.body["parent_id"] == str(forum.id)
    assert [posted.body[key] for key in ("owner_id", "message_count", "tags")] == [str(ada.id), 1, ["Question"]]
    told = await _events(feed, "message_create")
    assert [event["channel"]["name"] for event in told if event["type"] == "channel_create"] == ["Roses"]
    assert told[-1]["message"]["id"] == posted.body["id"] and told[-1]["message"]["attachments"]
    [shown] = (await client.people("GET", "/state")).body["guilds"]
    channels = {channel["name"]: channel for channel in shown["channels"]}
    assert channels["beds"]["tags"] == ["Question", "Solved"] and channels["beds"]["tag_required"]
    assert channels["Roses"]["message_count"] == 1 and "owner_id" not in channels["beds"]


@pytest.mark.parametrize(
    ("change", "status", "about"),
    [
        ({"name": ""}, 400, "'name'"),
        ({"name": "a" * 101}, 400, "'name'"),
        ({"content": 7}, 400, "'content'"),
        ({"content": "  "}, 400, "empty message"),
        ({"tags": "Question"}, 400, "'tags'"),
        ({"tags": []}, 400, "tag is required"),
        ({"tags": ["Roses"]}, 422, "no tag Roses"),
        ({"user_id": "x"}, 400, "'user_id'"),
    ],
)
async def test_what_cannot_be_posted(
    playground: Playground, client: Client, guild: Guild, ada: Person, change: Any, status: int, about: str
) -> None:
    forum = playground.add_channel(guild, "beds", "forum", tags=["Question"], tag_required=True)
    given = {"user_id": str(ada.id), "name": "Roses", "content": "red?", "tags": ["Question"], **change}
    refused = await client.people("POST", f"/channels/{forum.id}/posts", given)
    assert refused.status == status and about in str(refused.body)
    assert not guild.threads


async def test_numbers_of_any_length_are_names_of_nothing(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    long = "1" * 5_000
    for path in (f"/channels/{long}", f"/channels/{long}/messages", f"/channels/{general.id}/messages/{long}"):
        assert (await client.bot("GET", path)).code == 50035
    assert (await client.people("DELETE", f"/faults/{long}")).status == 404
    assert (await client.people("GET", "/limits")).status == 200
    assert [line["status"] for line in playground.recording.lines if line["event"] == "refused"] == [400] * 3


@pytest.mark.parametrize(("action", "answer"), [("cut", 0), ("lose", 9)])
async def test_what_a_cut_leaves_to_be_resumed(
    playground: Playground, client: Client, action: str, answer: int
) -> None:
    async with Gate(playground) as gate, Gate(playground) as anew:
        await gate.identify(MESSAGES)
        assert (await client.people("POST", "/gateway", {"action": action})).status == 204
        await anew.resume(gate.session_id, gate.sequence)
        assert (await anew.receive())["op"] == answer


async def test_only_forums_have_posts(client: Client, general: Channel, ada: Person) -> None:
    given = {"user_id": str(ada.id), "name": "Roses", "content": "red?"}
    refused = await client.people("POST", f"/channels/{general.id}/posts", given)
    assert (refused.status, refused.body["code"]) == (400, 50024)
    assert (await client.people("POST", "/channels/7/posts", given)).status == 404


async def test_the_bot_hears_a_post_and_answers_in_it(
    playground: Playground, client: Client, guild: Guild, ada: Person, parrot: Parrot
) -> None:
    forum = playground.add_channel(guild, "beds", "forum")
    given = {"user_id": str(ada.id), "name": "Roses", "content": "echo red"}
    posted = await client.people("POST", f"/channels/{forum.id}/posts", given)
    thread = playground.world.channels[int(posted.body["id"])]
    assert (await playground.next_message(thread)).content == "red"


async def test_commands_with_files_autocompletion_menus(
    playground: Playground, client: Client, general: Channel, ada: Person, guild: Guild, parrot: Parrot
) -> None:
    minjun = playground.add_person("민준", "ko")
    playground.join(minjun, guild)
    offered = await client.people("GET", f"/commands?channel_id={general.id}&user_id={minjun.id}")
    command = next(each for each in offered.body["commands"] if each["name"] == "parrot")
    assert (command["shown_name"], command["shown_description"]) == ("앵무새", "따라합니다")
    assert [option["name"] for option in command["options"]] == ["word", "times", "to", "paper", "tone"]
    paper = {"filename": "p.txt", "content_base64": base64.b64encode(b"paper").decode()}
    options = {"word": "hi", "times": "2", "to": str(ada.id), "paper": paper}
    asked = {"user_id": str(ada.id), "name": "parrot", "options": options}
    used = await client.people("POST", f"/channels/{general.id}/commands", asked)
    assert used.body["messages"][0]["content"] == "hi hi Ada paper"
    completion = {"user_id": str(ada.id), "name": "parrot", "option": "word", "value": "cr"}
    choices = await client.people("POST", f"/channels/{general.id}/autocomplete", completion)
    assert choices.body["choices"][0]["value"] == "cracker"
    said = await ada.say(general, "wise")
    menu = {"user_id": str(ada.id), "name": "Quote", "target_id": str(said.id)}
    quoted = await client.people("POST", f"/channels/{general.id}/commands", menu)
    assert quoted.body["messages"][0]["private"] is True


async def test_a_command_that_is_not_answered_fails_after_the_seconds_that_were_set() -> None:
    clock = ManualClock()
    async with Playground(clock=clock, answer_seconds=60.0) as playground, Client(playground) as client:
        guild = playground.add_guild("Garden")
        general, ada = playground.add_channel(guild, "general"), playground.add_person("Ada")
        playground.join(ada, guild)
        mute = {"name": "mute", "description": "Does not answer", "type": 1}
        await client.bot("PUT", f"/applications/{playground.bot_user_id}/commands", [mute])
        asked = {"user_id": str(ada.id), "name": "mute"}
        using = asyncio.create_task(client.people("POST", f"/channels/{general.id}/commands", asked))
        await playground.wait_for(lambda: playground.world.interactions)
        [interaction] = playground.world.interactions.values()
        await clock.advance(59.9)
        assert not interaction.failed
        await clock.advance(0.2)
        assert (await using).status == 504 and interaction.failed


async def test_commands_that_one_may_not_use_have_names_too(
    playground: Playground, client: Client, guild: Guild, general: Channel
) -> None:
    minjun = playground.add_person("민준", "ko")
    playground.join(minjun, guild)
    reset = {"name": "reset", "name_localizations": {"ko": "초기화"}, "description": "a", "type": 1}
    commands = [{**reset, "default_member_permissions": 8192}, {"name": "help", "description": "b", "type": 1}]
    await client.bot("PUT", f"/applications/{playground.bot_user_id}/commands", commands)
    told = (await client.people("GET", f"/commands?channel_id={general.id}&user_id={minjun.id}")).body
    assert [each["name"] for each in told["commands"]] == ["help"]
    assert told["names"] == {"reset": "초기화", "help": "help"}


async def test_buttons_and_forms(
    playground: Playground, client: Client, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await ada.say(general, "!perch")
    perch = await playground.next_message(general)
    feed = await client.events(ada.id)
    pressed = {"user_id": str(ada.id), "message_id": str(perch.id), "custom_id": "name"}
    modal = (await client.people("POST", "/components", pressed)).body["modal"]
    assert (await _events(feed, "modal"))[-1]["modal"] == modal
    filled = {
        "user_id": str(ada.id),
        "interaction_id": modal["interaction_id"],
        "values": {"Name": "Polly", "Friend": []},
    }
    for value, told in (("", "Name takes 1 to 20 characters"), ("x" * 21, "Name takes 1 to 20 characters")):
        refused = await client.people("POST", "/modals", {**filled, "values": {"Name": value}})
        assert (refused.status, refused.body["message"]) == (422, told), "by its label, never by a custom id"
    submitted = (await client.people("POST", "/modals", filled)).body
    assert submitted["messages"][0]["content"] == "Hello Polly" and submitted["changed"] is None
    chosen = {**pressed, "custom_id": "fruit", "values": ["a"]}
    promised = (await client.people("POST", "/components", chosen)).body
    assert (promised["answered"], promised["changed"]["id"]) == (6, str(perch.id))
    fed = (await client.people("POST", "/components", {**pressed, "custom_id": "feed"})).body
    assert (fed["answered"], fed["messages"]) == (7, [])
    assert (fed["changed"]["id"], fed["changed"]["content"]) == (str(perch.id), "fed")


async def test_the_feed_shows_what_its_person_may_see(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person, parrot: Parrot
) -> None:
    minjun = playground.add_person("민준", "ko")
    playground.join(minjun, guild)
    secret = playground.add_channel(
        guild, "secret", overwrites=[Overwrite(id=ada.id, for_member=True, deny=VIEW_CHANNEL)]
    )
    hers, his = await client.events(ada.id), await client.events(minjun.id)
    assert (await hers.receive_json())["online"] is True
    await minjun.say(secret, "not for her")
    said = await ada.say(general, "for both")
    menu = await ada.menu(said, "Quote")
    await menu.response()
    await client.people("POST", f"/channels/{general.id}/typing", {"user_id": str(ada.id)})
    await ada.delete(said)
    seen = await _events(hers, "message_delete")
    assert [event["message"]["content"] for event in seen if "message" in event] == ["for both", "> for both"]
    assert [event["type"] for event in seen if event["type"] == "typing"]
    theirs = await _events(his, "message_delete")
    assert [event["message"]["content"] for event in theirs if "message" in event] == ["not for her", "for both"]


async def test_threads_and_the_world_from_outside(client: Client, playground: Playground, guild: Guild) -> None:
    new = (await client.people("POST", "/guilds", {"name": "Second"})).body
    channel = (await client.people("POST", f"/guilds/{new['id']}/channels", {"name": "room"})).body
    person = (await client.people("POST", "/people", {"name": "Bo", "guild_ids": [new["id"]]})).body
    opened = {"user_id": person["id"], "name": "aside"}
    thread = await client.people("POST", f"/channels/{channel['id']}/threads", opened)
    assert thread.body["parent_id"] == channel["id"] and thread.body["type"] == 11


async def test_limits_and_the_gateway_from_outside(
    playground: Playground, client: Client, general: Channel, parrot: Parrot
) -> None:
    await client.people("PUT", "/limits/message.create", {"calls": 1, "seconds": 60})
    for _ in range(2):
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})
    counted = (await client.people("GET", "/limits")).body
    assert counted["refused"] == {"POST /channels/{channel_id}/messages": 1}
    await client.people("POST", "/gateway", {"action": "cut"})
    await playground.wait_for(lambda: not playground.online)
    await playground.ready()


async def test_what_is_refused(playground: Playground, client: Client, general: Channel, ada: Person) -> None:
    path, said = f"/channels/{general.id}/messages", {"user_id": str(ada.id), "content": "a"}
    assert (await client.people("POST", "/channels/1/messages", said)).status == 404
    assert (await client.people("POST", path, {**said, "user_id": "1"})).status == 422
    assert (await client.people("POST", path, {"content": "a"})).status == 400
    assert (await client.people("POST", f"/channels/{general.id}/commands", {**said, "name": "none"})).status == 422
    url = f"{playground.url}/playground/api{path}"
    assert (await client.fetch("POST", url, data="{}", headers={"Content-Type": "text/plain"})).status == 400
    assert (await client.fetch("POST", url, json=said, headers={"Origin": "http://elsewhere.example"})).status == 403
    assert (await client.fetch("POST", url, json=said, headers={"Host": "elsewhere.example"})).status == 403
    assert not general.messages


def test_every_request_is_documented() -> None:
    playground = Playground(mounts=[page.routes])
    documented = re.sub(r"\{\w+\}", "{}", DOCUMENTATION.read_text(encoding="utf-8"))
    for route in playground.app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if not path.startswith(PREFIX) or route.method == "HEAD":
            continue
        told = re.sub(r"\{\w+\}", "{}", path.removeprefix(PREFIX))
        ways = {f"`{route.method} {told}", f"`WS {told}", f"`{route.method} …/{told.rpartition('/')[2]}?"}
        assert any(way in documented for way in ways), f"{route.method} {told}"


async def test_half_a_surrogate_pair_of_a_models_answer_is_told_as_it_came() -> None:
    """Servers that cut a letter in two between two events send each half as an escape of its own."""
    pieces = (r"\ud83d", r"\ude00 and ", r"\ud83d")

    async def serve(request: web.Request) -> web.Response:
        lines = "".join(f'data: {{"choices":[{{"delta":{{"content":"{piece}"}}}}]}}\n\n' for piece in pieces)
        return web.Response(text=lines, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", serve)
    async with (
        TestServer(app) as server,
        Recorder(str(server.make_url("/v1"))) as recorder,
        Playground(mounts=[partial(page.routes, recorder_url=recorder.url)]) as playground,
        Client(playground) as client,
    ):
        asked = f"{recorder.base_url}/chat/completions"
        await client.fetch("POST", asked, json={"messages": [{"role": "user", "content": "\udc00"}]})
        told = await client.people("GET", "/model/calls")
        assert told.status == 200
        [call] = told.body["calls"]
        assert (call["answer"], call["messages"][0]["content"]) == ("😀 and \ud83d", "\udc00")


async def test_a_hidden_channel_is_refused_to_who_may_not_see_it(
    playground: Playground, client: Client, guild: Guild, ada: Person
) -> None:
    secret = playground.add_channel(guild, "secret", overwrites=[Overwrite(id=guild.id, deny=VIEW_CHANNEL)])
    path = f"/channels/{secret.id}/messages?user_id={ada.id}"
    refused = await client.people("GET", path)
    assert (refused.status, refused.code, refused.body["message"]) == (403, 50001, "Missing Access")
    feed = await client.events(ada.id)
    playground.world.set_overwrites(secret, [])
    assert (await _events(feed, "channel_update"))[-1]["channel"]["name"] == "secret"
    assert (await client.people("GET", path)).body == {"messages": []}
    playground.world.set_overwrites(secret, [Overwrite(id=guild.id, deny=VIEW_CHANNEL)])
    # As Discord tells it: what somebody may see no more is deleted for them.
    assert (await _events(feed, "channel_delete"))[-1]["channel_id"] == str(secret.id)
    await feed.close()

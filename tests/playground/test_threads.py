"""Threads, forums and slowmode: what Discord's server refuses, by plain requests and by people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.clock import ManualClock
from playground import permissions
from playground.entities import Channel, Guild, Overwrite
from playground.errors import ApiError, Impossible, SlowedDown
from playground.gateway.outbox import Outbox
from playground.people import Person
from playground.server import Playground
from tests.playground.client import Client
from tests.playground.test_bodies import problems

POST = {"name": "Roses", "message": {"content": "why so red?"}}


@pytest.fixture
def beds(playground: Playground, guild: Guild) -> Channel:
    return playground.add_channel(guild, "beds", "forum", tags=["Question", "Solved"], tag_required=True)


async def test_a_post_is_a_thread_with_its_first_message(playground: Playground, client: Client, beds: Channel) -> None:
    tag = str(beds.tags[0].id)
    posted = await client.bot("POST", f"/channels/{beds.id}/threads", {**POST, "applied_tags": [tag]})
    assert posted.status == 201 and posted.body["id"] == posted.body["message"]["id"]
    assert posted.body["applied_tags"] == [tag] and posted.body["message"]["channel_id"] == posted.body["id"]
    thread = playground.world.channels[int(posted.body["id"])]
    assert thread.parent is beds and [message.content for message in thread.messages] == ["why so red?"]
    shown = (await client.bot("GET", f"/channels/{beds.id}")).body
    assert [each["name"] for each in shown["available_tags"]] == ["Question", "Solved"] and shown["flags"] == 16


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 400, 40067),
        ({"applied_tags": ["7"]}, 404, 10087),
        ({"applied_tags": ["a"]}, 400, 50035),
        ({"applied_tags": ["1"] * 6}, 400, 50035),
        ({"message": {"content": " "}}, 400, 50006),
        ({"message": 3}, 400, 50035),
        ({"name": ""}, 400, 50035),
    ],
)
async def test_what_a_forum_refuses(
    client: Client, beds: Channel, change: dict[str, object], status: int, code: int
) -> None:
    refused = await client.bot("POST", f"/channels/{beds.id}/threads", {**POST, **change})
    assert (refused.status, refused.code) == (status, code)
    assert not [thread for thread in beds.guild.threads if thread.parent is beds]  # type: ignore[union-attr]


async def test_a_post_may_lose_the_tag_that_it_needed(client: Client, beds: Channel) -> None:
    posted = await client.bot("POST", f"/channels/{beds.id}/threads", {**POST, "applied_tags": [beds.tags[0].id]})
    changed = await client.bot("PATCH", f"/channels/{posted.body['id']}", {"applied_tags": []})
    assert (changed.status, changed.body["applied_tags"]) == (200, [])


async def test_a_forum_takes_posts_alone(client: Client, beds: Channel, general: Channel, ada: Person) -> None:
    sent = await client.bot("POST", f"/channels/{beds.id}/messages", {"content": "a"})
    assert (sent.status, sent.code) == (400, 50008)
    with pytest.raises(ApiError, match="50008"):
        await ada.say(beds, "a")
    with pytest.raises(ApiError, match="50024"):
        await ada.post(general, "Not here", "a")
    with pytest.raises(Impossible, match="no tag Roses"):
        await ada.post(beds, "a", "a", tags=["Roses"])


@pytest.mark.parametrize(
    ("given", "minutes", "slowmode"),
    [
        ({}, 1440, 7),
        ({"auto_archive_duration": 60, "rate_limit_per_user": 9}, 60, 9),
        ({"rate_limit_per_user": 0}, 1440, 0),
    ],
)
@pytest.mark.parametrize("kind", ["alone", "message", "post"])
async def test_a_thread_is_told_with_what_it_begins_with(
    playground: Playground,
    client: Client,
    guild: Guild,
    general: Channel,
    ada: Person,
    given: dict[str, int],
    minutes: int,
    slowmode: int,
    kind: str,
) -> None:
    forum = playground.add_channel(guild, "open", "forum")
    general.thread_slowmode = forum.thread_slowmode = 7
    said = await ada.say(general, "topic")
    path = {
        "alone": f"/channels/{general.id}/threads",
        "message": f"/channels/{general.id}/messages/{said.id}/threads",
        "post": f"/channels/{forum.id}/threads",
    }[kind]
    heard = Outbox()
    playground.sessions.begin((0, 1), 1, heard, "")
    opened = await client.bot("POST", path, {**POST, "type": 11, **given})
    dispatched = [json.loads(str(heard.get_nowait())) for _ in range(heard.qsize())]
    [told] = [each["d"] for each in dispatched if each["t"] == "THREAD_CREATE"]
    for shown in (told, opened.body):
        assert shown["thread_metadata"]["auto_archive_duration"] == minutes
        assert shown["rate_limit_per_user"] == slowmode


async def test_nobody_replies_to_what_discord_itself_wrote(client: Client, general: Channel, ada: Person) -> None:
    await ada.open_thread(general, "alone")
    said = await ada.say(general, "topic")
    thread = await ada.open_thread(general, "on it", message=said)
    for channel, system in ((general, general.messages[0]), (thread, thread.messages[0])):
        reply = {"content": "a", "message_reference": {"message_id": str(system.id), "fail_if_not_exists": False}}
        refused = await client.bot("POST", f"/channels/{channel.id}/messages", reply)
        assert problems(refused.body["errors"]) == {"message_reference": "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"}
        with pytest.raises(ApiError, match="50035"):
            await ada.say(channel, "a", reply_to=system)


@pytest.mark.parametrize(
    ("denied", "message"),
    [(permissions.EMBED_LINKS, {"embeds": [{"title": "a"}]}), (permissions.SEND_MESSAGES, {"content": "a"})],
)
async def test_a_post_needs_what_its_message_needs(
    playground: Playground, client: Client, guild: Guild, denied: int, message: dict[str, Any]
) -> None:
    forum = playground.add_channel(guild, "open", "forum")
    playground.world.set_overwrites(forum, [Overwrite(id=playground.bot_user_id, for_member=True, deny=denied)])
    refused = await client.bot("POST", f"/channels/{forum.id}/threads", {**POST, "message": message})
    assert (refused.status, refused.code) == (403, 50013)
    assert not guild.threads


async def test_slowmode_is_for_channels_posts_and_threads_up_to_six_hours(
    playground: Playground, client: Client, guild: Guild, general: Channel
) -> None:
    playground.grant_bot(guild, ["manage_channels"])
    forum = playground.add_channel(guild, "open", "forum")
    for method, path, body in (
        ("PATCH", f"/channels/{general.id}", {}),
        ("POST", f"/channels/{general.id}/threads", {"name": "a"}),
        ("POST", f"/channels/{forum.id}/threads", POST),
    ):
        refused = await client.bot(method, path, {**body, "rate_limit_per_user": 21601})
        assert problems(refused.body["errors"]) == {"rate_limit_per_user": "NUMBER_TYPE_MAX"}
        slowed = await client.bot(method, path, {**body, "rate_limit_per_user": 21600})
        assert slowed.body["rate_limit_per_user"] == 21600


async def test_a_topic_is_longer_in_a_forum_than_elsewhere(
    playground: Playground, client: Client, guild: Guild, general: Channel, beds: Channel
) -> None:
    playground.grant_bot(guild, ["manage_channels"])
    for place, limit in ((general, 1024), (beds, 4096)):
        path = f"/channels/{place.id}"
        assert (await client.bot("PATCH", path, {"topic": "t" * (limit + 1)})).code == 50035
        assert (await client.bot("PATCH", path, {"topic": "t" * limit})).status == 200


async def test_moderated_tags_are_for_moderators(
    playground: Playground, client: Client, guild: Guild, ada: Person
) -> None:
    forum = playground.add_channel(guild, "news", "forum")
    playground.grant_bot(guild, ["manage_channels"])
    tags = [{"name": "Official", "moderated": True, "emoji_name": "📣"}]
    changed = await client.bot("PATCH", f"/channels/{forum.id}", {"available_tags": tags})
    assert changed.body["available_tags"][0]["moderated"]
    with pytest.raises(ApiError, match="50013"):
        await ada.post(forum, "a", "a", tags=["Official"])
    twice = [{"name": "a"}, {"name": "a"}]
    refused = await client.bot("PATCH", f"/channels/{forum.id}", {"available_tags": twice})
    assert refused.code == 40061


@pytest.mark.parametrize("face", [{"emoji_name": "sprout"}, {"emoji_name": "🌱🌱"}, {"emoji_id": "7"}])
async def test_a_tag_has_an_emoji_that_is_one(
    playground: Playground, client: Client, guild: Guild, beds: Channel, face: dict[str, str]
) -> None:
    playground.grant_bot(guild, ["manage_channels"])
    before = list(beds.tags)
    refused = await client.bot("PATCH", f"/channels/{beds.id}", {"available_tags": [{"name": "Soil", **face}]})
    assert (refused.status, refused.code) == (400, 10014) and beds.tags == before
    plain = {"available_tags": [{"name": "Soil", "emoji_name": "🌱"}, {"name": "Water", "emoji_name": None}]}
    changed = await client.bot("PATCH", f"/channels/{beds.id}", plain)
    assert [tag["emoji_name"] for tag in changed.body["available_tags"]] == ["🌱", None]


async def test_an_archived_thread_takes_only_messages_and_deletions(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    thread = await ada.open_thread(general, "aside")
    said = await ada.say(thread, "a")
    path = f"/channels/{thread.id}/messages"
    own = (await client.bot("POST", path, {"content": "b"})).body["id"]
    playground.world.set_archived(thread, True)
    refused = [
        await client.bot("PATCH", f"{path}/{own}", {"content": "c"}),
        await client.bot("PUT", f"{path}/{said.id}/reactions/%F0%9F%91%8D/@me"),
        await client.bot("PUT", f"/channels/{thread.id}/thread-members/@me"),
    ]
    assert [(each.status, each.code) for each in refused] == [(400, 50083)] * 3
    assert (await client.bot("DELETE", f"{path}/{own}")).status == 204
    assert thread.archived
    await ada.say(thread, "back again")
    assert not thread.archived
    shown = (await client.bot("GET", f"/channels/{thread.id}")).body
    assert (shown["message_count"], shown["total_message_sent"]) == (2, 3)


async def test_a_locked_thread_is_for_moderators(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    grace = playground.add_person("Grace")
    playground.join(grace, guild, permissions=["manage_threads"])
    thread = await ada.open_thread(general, "aside")
    said = await ada.say(thread, "a")
    thread.locked = True
    with pytest.raises(ApiError, match="160005"):
        await ada.say(thread, "b")
    refused = await client.bot("POST", f"/channels/{thread.id}/messages", {"content": "b"})
    assert (refused.status, refused.code) == (403, 160005)
    playground.world.set_archived(thread, True)
    with pytest.raises(ApiError, match="50083"):
        await ada.delete(said)
    with pytest.raises(ApiError, match="50083"):
        await ada.say(thread, "b")
    await grace.say(thread, "order!")
    assert not thread.archived and thread.locked


async def test_who_may_change_a_thread(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    thread = await ada.open_thread(general, "aside")
    path = f"/channels/{thread.id}"
    assert (await client.bot("PATCH", path, {"name": "mine"})).code == 50013
    playground.world.set_archived(thread, True)
    assert (await client.bot("PATCH", path, {"archived": False})).code == 50013
    playground.world.join_thread(thread, playground.world.bot)
    assert (await client.bot("PATCH", path, {"archived": False})).status == 200 and not thread.archived
    playground.grant_bot(guild, ["manage_threads"])
    playground.world.set_archived(thread, True)
    assert (await client.bot("PATCH", path, {"locked": True})).code == 50083
    assert (await client.bot("PATCH", path, {"archived": False, "locked": True})).status == 200
    assert thread.locked and not thread.archived


async def test_archived_threads_are_listed_newest_first(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    threads = [await ada.open_thread(general, str(number)) for number in range(4)]
    for thread in threads[:3]:
        playground.world.set_archived(thread, True)
    path = f"/channels/{general.id}/threads/archived/public"
    page = (await client.bot("GET", f"{path}?limit=2")).body
    assert [each["name"] for each in page["threads"]] == ["2", "1"] and page["has_more"]
    before = page["threads"][-1]["thread_metadata"]["archive_timestamp"]
    rest = (await client.bot("GET", path, params={"before": before})).body
    assert [each["name"] for each in rest["threads"]] == ["0"] and not rest["has_more"]
    assert (await client.bot("GET", f"{path}?before=yesterday")).code == 50035
    assert (await client.bot("GET", path.replace("public", "private"))).code == 50013


@pytest.fixture
async def timed() -> AsyncIterator[tuple[Playground, ManualClock, Client]]:
    clock = ManualClock()
    async with Playground(clock=clock) as playground, Client(playground) as client:
        yield playground, clock, client


async def test_slowmode_holds_people_and_spares_bots(timed: tuple[Playground, ManualClock, Client]) -> None:
    playground, clock, client = timed
    guild = playground.add_guild("Garden")
    general = playground.add_channel(guild, "general")
    general.slowmode = 10
    ada, grace = playground.add_person("Ada"), playground.add_person("Grace")
    playground.join(ada, guild, permissions=["manage_messages"])
    playground.join(grace, guild, permissions=["bypass_slowmode"])
    await ada.say(general, "one")
    await clock.advance(4)
    with pytest.raises(SlowedDown) as refused:
        await ada.say(general, "two")
    assert (refused.value.status, refused.value.code) == (429, 20016) and refused.value.retry_after == 6
    for _ in range(2):
        await grace.say(general, "I may")
        assert (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "so do I"})).status == 200
    told = await client.people(
        "POST", f"/channels/{general.id}/messages", {"user_id": str(ada.id), "content": "still?"}
    )
    assert told.status == 429 and told.body["retry_after"] == 6.0
    await clock.advance(6)
    await ada.say(general, "two")


async def test_slowmode_of_a_forum_is_between_posts(timed: tuple[Playground, ManualClock, Client]) -> None:
    playground, clock, client = timed
    guild = playground.add_guild("Garden")
    forum = playground.add_channel(guild, "open", "forum")
    forum.slowmode = 10
    ada = playground.add_person("Ada")
    playground.join(ada, guild)
    thread = await ada.post(forum, "one", "a")
    await ada.say(thread, "b")
    with pytest.raises(SlowedDown):
        await ada.post(forum, "two", "a")
    assert (await client.bot("POST", f"/channels/{forum.id}/threads", POST)).status == 201
    await clock.advance(10)
    await ada.post(forum, "two", "a")


async def test_bulk_deletion_stops_at_fourteen_days(timed: tuple[Playground, ManualClock, Client]) -> None:
    playground, clock, client = timed
    guild = playground.add_guild("Garden")
    playground.grant_bot(guild, ["manage_messages"])
    general = playground.add_channel(guild, "general")
    ada = playground.add_person("Ada")
    playground.join(ada, guild)
    path = f"/channels/{general.id}/messages/bulk-delete"
    old = await ada.say(general, "old")
    await clock.advance(14 * 86400 + 1)
    new = [await ada.say(general, str(number)) for number in range(3)]
    ids = [str(message.id) for message in (old, *new)]
    refused = await client.bot("POST", path, {"messages": ids})
    assert (refused.status, refused.code) == (400, 50034) and len(general.messages) == 4
    assert (await client.bot("POST", path, {"messages": ids[1:2]})).code == 50035
    assert (await client.bot("POST", path, {"messages": ids[1:]})).status == 204
    assert general.messages == [old]

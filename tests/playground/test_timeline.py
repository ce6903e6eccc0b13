"""What an onlooker can tell of the bot's work, and how the limits are spent, over HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from playground.entities import Channel, Guild
from playground.faults import CallFault, Chance
from playground.people import Person
from playground.server import Playground
from tests.playground.bot import Parrot
from tests.playground.client import Client


async def _runs(client: Client, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.people("GET", f"/runs?user_id={person.user.id}")).body["runs"]
    return found


async def test_a_run_is_seen_from_the_question_to_the_last_edit(client: Client, general: Channel, ada: Person) -> None:
    asked = await ada.say(general, "What is a thread?")
    assert await _runs(client, ada) == [], "nobody took notice yet"
    place = f"/channels/{general.id}"
    await client.bot("PUT", f"{place}/messages/{asked.id}/reactions/%E2%8F%B3/@me")
    await client.bot("POST", f"{place}/typing")
    answer = await client.bot(
        "POST", f"{place}/messages", {"content": "A", "message_reference": {"message_id": str(asked.id)}}
    )
    for text in ("A thread", "A thread is"):
        await client.bot("PATCH", f"{place}/messages/{answer.body['id']}", {"content": text})
    page = await client.bot("POST", f"{place}/messages", {"content": "second page"})
    [run] = await _runs(client, ada)
    assert run["id"] == str(asked.id) and run["text"] == "What is a thread?"
    assert run["message_ids"] == [answer.body["id"], page.body["id"]]
    assert run["asked"] <= run["sign"] <= run["typing"] <= run["shown"] <= run["edited"]
    assert run["edits"] == 2 and run["failed"] is None


async def test_questions_of_one_channel_are_told_apart_by_what_is_replied_to(
    client: Client, general: Channel, ada: Person
) -> None:
    first, second = await ada.say(general, "one"), await ada.say(general, "two")
    for asked, text in ((second, "to two"), (first, "to one")):
        reference = {"message_id": str(asked.id)}
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": text, "message_reference": reference})
    two, one = await _runs(client, ada)
    assert (one["text"], two["text"]) == ("one", "two")
    assert len(one["message_ids"]) == len(two["message_ids"]) == 1
    assert one["shown"] >= two["shown"]


async def test_others_see_no_runs_where_they_may_not_read(
    client: Client, playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    stranger = playground.add_person("Stranger")
    asked = await ada.say(general, "hello")
    await client.bot("PUT", f"/channels/{general.id}/messages/{asked.id}/reactions/%E2%8F%B3/@me")
    assert len(await _runs(client, ada)) == 1
    assert await _runs(client, stranger) == []


async def test_the_limits_are_told_as_they_are_spent(
    client: Client, playground: Playground, general: Channel, ada: Person
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{playground.url}/playground/api/events?user_id={ada.user.id}&limits=1") as feed,
    ):
        seen: dict[str, Any] = {}
        for number in range(6):
            await client.bot("POST", f"/channels/{general.id}/messages", {"content": str(number)})
        while not seen.get("refusals"):
            event = await feed.receive_json(timeout=30)
            seen = event["limits"] if event["type"] == "limits" else seen
    windows = {window["name"]: window for window in seen["windows"]}
    assert windows["message.create"]["used"] == windows["message.create"]["calls"] == 5
    assert windows["message.create"]["kept_by"] == "general" and 0 < windows["message.create"]["closes_in"] <= 5
    [refusal] = seen["refusals"]
    assert refusal["scope"] == "user" and refusal["route"].startswith("POST") and 0 < refusal["retry_after"] <= 5


async def test_older_messages_are_asked_for(client: Client, general: Channel, ada: Person) -> None:
    said = [await ada.say(general, str(number)) for number in range(5)]
    path = f"/channels/{general.id}/messages?user_id={ada.user.id}&limit=2&before={said[3].id}"
    older = (await client.people("GET", path)).body["messages"]
    assert [message["content"] for message in older] == ["1", "2"]


async def test_a_button_a_choice_and_a_form_are_named_as_people_see_them(
    playground: Playground, client: Client, general: Channel, ada: Person, parrot: Parrot
) -> None:
    asked = await ada.say(general, "!perch")
    perch = await playground.next_message(general, asked)
    form = await (await ada.click(perch, "Name")).form()
    [pressed, *_] = await _runs(client, ada)
    assert (pressed["kind"], pressed["text"]) == ("component", "Name")
    assert pressed["form"] >= pressed["asked"] and pressed["shown"] is None
    await (await ada.submit(form, {"Name": "Polly"})).response()
    await (await ada.click(perch, "fruit", "Apple")).response()
    chosen, submitted, *_ = await _runs(client, ada)
    assert (submitted["kind"], submitted["text"]) == ("form", "Name the parrot")
    assert (chosen["kind"], chosen["text"]) == ("component", "Apple / Pear: Apple")


async def test_others_do_not_see_whom_a_form_was_opened_for(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person, parrot: Parrot
) -> None:
    grace = playground.add_person("Grace")
    playground.join(grace, guild)
    perch = await playground.next_message(general, await ada.say(general, "!perch"))
    await (await ada.click(perch, "Name")).form()
    assert [run["text"] for run in await _runs(client, ada)] == ["Name", "!perch"]
    assert [run["text"] for run in await _runs(client, grace)] == ["!perch"]


async def test_of_a_run_that_never_ends_the_newest_answers_are_kept(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    playground.limits.set_rate("message.create", None)
    playground.limits.set_rate("global", None)
    await ada.say(general, "go on")
    sent = [
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": str(number)}) for number in range(52)
    ]
    [run] = await _runs(client, ada)
    assert run["message_ids"] == [each.body["id"] for each in sent[-50:]]


async def test_of_refused_calls_the_newest_twenty_are_told(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    playground.limits.set_rate("message.create", None)
    await ada.say(general, "go on")
    for content in ("", *["a" * 2001] * 20):
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": content})
    await client.bot("POST", f"/channels/{general.id}/threads", {})
    [run] = await _runs(client, ada)
    assert [each["call"].rpartition("/")[2] for each in run["refused"]] == ["messages"] * 19 + ["threads"]


async def test_calls_that_were_refused_belong_to_their_run(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    place = f"/channels/{general.id}"
    asked = await ada.say(general, "What is a thread?")
    playground.faults.add(CallFault(route="message.create", status=503, chance=Chance(times=1)))
    playground.faults.add(CallFault(route="typing", drop=True))
    await client.bot("POST", f"{place}/messages", {"content": "A"})
    with pytest.raises(aiohttp.ClientError):
        await client.bot("POST", f"{place}/typing")
    await ada.say(general, "And a newer question?")
    await client.bot("PUT", f"{place}/messages/{asked.id}/reactions/nonsense/@me")
    [run] = await _runs(client, ada)
    assert run["text"] == "What is a thread?" and run["shown"] is None
    assert [(each["call"], each["status"], each["faulted"]) for each in run["refused"]] == [
        ("POST /channels/{channel_id}/messages", 503, True),
        ("POST /channels/{channel_id}/typing", None, True),
        ("PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me", 400, False),
    ]
    refused = [line for line in playground.recording.lines if line["event"] == "refused"]
    assert [(line.get("status"), line.get("faulted")) for line in refused] == [(503, True), (None, True), (400, None)]
    transcript = (await client.people("GET", "/transcript")).body.decode()
    assert "typing` in #general got no answer: the connection broke, on purpose." in transcript

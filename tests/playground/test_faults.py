from __future__ import annotations

import inspect
import random
import re
from typing import Any

import aiohttp
import pytest

from playground import cdn
from playground.clock import SystemClock
from playground.entities import Channel
from playground.faults import CallFault, Chance, EventFault, Faults, WrongFault, read, written
from playground.gateway.dispatch import EVENTS, Dispatcher
from playground.people import Person
from playground.rest.api import STRUCK
from playground.server import Playground
from tests.playground.client import Client
from tests.playground.gate import MESSAGES, Gate

SEND, EDIT = "message.create", "message.edit"


def _calls(faults: Faults, count: int, rate: str = SEND, path: str = "/channels/1/messages") -> list[bool]:
    return [faults.of_call(rate, "POST", path).failure is not None for _ in range(count)]


@pytest.mark.parametrize(
    ("chance", "struck"),
    [
        (Chance(), "111111"),
        (Chance(nth=(2, 5)), "010010"),
        (Chance(every=3), "001001"),
        (Chance(times=2), "110000"),
        (Chance(every=2, times=2), "010100"),
        (Chance(probability=0.0), "000000"),
    ],
)
def test_which_calls_are_struck(chance: Chance, struck: str) -> None:
    faults = Faults(routes=STRUCK)
    faults.add(CallFault(route=SEND, status=500, chance=chance))
    assert "".join("01"[each] for each in _calls(faults, 6)) == struck
    assert _calls(faults, 3, EDIT) == [False] * 3


def test_what_is_drawn_is_drawn_again_with_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed, routes=STRUCK)
        faults.add(CallFault(route=SEND, status=500, chance=Chance(probability=0.5)))
        return _calls(faults, 40)

    assert drawn(1) == drawn(1) != drawn(2)
    assert 8 < sum(drawn(1)) < 32


def test_delays_add_up_within_their_jitter() -> None:
    faults = Faults(routes=STRUCK)
    faults.add(CallFault(latency=1.0))
    faults.add(CallFault(route=SEND, latency=0.5, jitter=0.5))
    delays = [faults.of_call(SEND, "POST", "/x").delay for _ in range(20)]
    assert all(1.5 <= delay <= 2.0 for delay in delays) and len(set(delays)) == 20
    assert faults.of_call(EDIT, "PATCH", "/x").delay == 1.0


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("message.edit", True),
        ("message.create", False),
        ("PATCH /channels/7/messages/9", True),
        ("PATCH /channels/8/messages/9", False),
        ("PATCH /channels/*/messages/{message_id}", True),
        ("* /channels/**", True),
        ("POST /channels/*/messages/*", False),
        ("PATCH /channels/*", False),
    ],
)
def test_routes_are_named_by_their_limit_or_their_path(pattern: str, matches: bool) -> None:
    fault = CallFault(route=pattern, status=500)
    assert fault.matches(EDIT, "PATCH", "/channels/7/messages/9") is matches


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "either its route or its event"),
        ({"route": "*", "event": "*"}, "either its route or its event"),
        ({"route": "*"}, "needs latency, status or drop"),
        ({"route": "*", "sttus": 500}, "unknown key 'sttus'"),
        ({"route": "*", "status": "500"}, "status is a whole number"),
        ({"route": "*", "status": 200}, "between 400 and 599"),
        ({"route": "*", "status": 500, "drop": True}, "either status or drop"),
        ({"route": "*", "latency": 1, "after": True}, "after needs status or drop"),
        ({"route": "*", "status": 500, "probability": 1.5}, "between 0 and 1"),
        ({"route": "*", "status": 500, "nth": 0}, "nth counts from 1"),
        ({"route": "*", "status": 500, "nth": ["a"]}, "nth is a whole number"),
        ({"route": "*", "drop": 1}, "drop is true or false"),
        ({"event": "MESSAGE_CREATE"}, "copies over 1, or cut"),
        ({"event": "MESSAGE_CREATE", "copies": 1000}, "between 1 and 100"),
        ({"event": "MESSAGE_CREATE", "status": 500}, "unknown key 'status'"),
    ],
)
def test_what_cannot_be_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(given)


@pytest.mark.parametrize(
    "given",
    [
        {"route": "message.edit", "latency": 0.2, "jitter": 0.1, "probability": 0.5},
        {"route": "GET /gateway", "status": 429, "retry_after": 3.0, "via": False, "body": "<html>", "nth": [1, 4]},
        {"route": "message.edit", "contains": "the end", "drop": True},
        {"route": "*", "drop": True, "after": True, "times": 2},
        {"event": "MESSAGE_CREATE", "copies": 3, "cut": True, "every": 2},
    ],
)
def test_a_fault_is_written_as_it_is_read(given: dict[str, Any]) -> None:
    assert written(read(given)) == given


async def test_what_fails_before_did_not_happen_and_what_fails_after_did(
    playground: Playground, client: Client, general: Channel
) -> None:
    path, body = f"/channels/{general.id}/messages", {"content": "a"}
    playground.faults.add(CallFault(route=SEND, status=503, chance=Chance(nth=(1,))))
    playground.faults.add(CallFault(route=SEND, status=500, after=True, chance=Chance(nth=(2,))))
    failed = await client.bot("POST", path, body)
    assert (failed.status, failed.body) == (503, {"message": "503: Service Unavailable", "code": 0})
    assert not general.messages
    assert (await client.bot("POST", path, body)).status == 500
    assert len(general.messages) == 1
    assert (await client.bot("POST", path, body)).status == 200


async def test_a_connection_breaks_before_or_after_the_effect(
    playground: Playground, client: Client, general: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/channels/{general.id}/messages"
    playground.faults.add(CallFault(route=SEND, drop=True, chance=Chance(nth=(1,))))
    playground.faults.add(CallFault(route=SEND, drop=True, after=True, chance=Chance(nth=(2,))))
    for expected in (0, 1):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.bot("POST", path, {"content": "a" * 1500})
        assert len(general.messages) == expected
    assert (await client.bot("POST", path, {"content": "b"})).status == 200
    assert not caplog.records


class Hasty(SystemClock):
    """Notes how long others meant to sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_a_fault_is_slow_by_the_playgrounds_clock() -> None:
    clock = Hasty()
    async with Playground(clock=clock) as playground, Client(playground) as client:
        playground.faults.add(CallFault(route="GET /gateway", latency=30.0))
        assert (await client.bot("GET", "/gateway")).status == 200
        assert clock.slept == [30.0]


async def test_a_fault_can_wait_for_a_word(playground: Playground, client: Client, general: Channel) -> None:
    playground.faults.add(CallFault(route="message.create", contains="the end", status=500))
    path = f"/channels/{general.id}/messages"
    said = ["the beginning", "the end", "the end, again"]
    assert [(await client.bot("POST", path, {"content": text})).status for text in said] == [200, 500, 500]
    assert [message.content for message in general.messages] == ["the beginning"]
    (listed,) = playground.faults.listed()
    assert (listed["seen"], listed["struck"], listed["contains"]) == (2, 2, "the end")


async def test_refusals_made_up_look_like_discords(playground: Playground, client: Client) -> None:
    playground.faults.add(CallFault(route="* /users/@me", status=429, retry_after=2.5))
    refused = await client.bot("GET", "/users/@me")
    assert refused.body == {"message": "You are being rate limited.", "code": 0, "retry_after": 2.5, "global": False}
    assert refused.headers["Retry-After"] == "3" and refused.headers["Via"]
    playground.faults.clear()
    playground.faults.add(CallFault(status=429, via=False, body="<html>banned</html>"))
    banned = await client.bot("GET", "/users/@me")
    assert "Via" not in banned.headers and banned.body == b"<html>banned</html>"


async def test_events_are_doubled_with_numbers_of_their_own(playground: Playground, general: Channel) -> None:
    ada = playground.add_person("Ada")
    playground.join(ada, playground.world.guilds[general.guild_id or 0])
    async with Gate(playground) as gate:
        await gate.identify(MESSAGES)
        playground.faults.add(EventFault(event="MESSAGE_CREATE", copies=3, chance=Chance(nth=(2,))))
        for _ in range(3):
            await ada.say(general, "a")
        got = [await gate.receive() for _ in range(5)]
        numbers = [each["s"] for each in got]
        assert numbers == list(range(numbers[0], numbers[0] + 5))
        ids = [each["d"]["id"] for each in got]
        assert ids[1] == ids[2] == ids[3] and len(set(ids)) == 3


async def test_files_can_fail_to_be_fetched(playground: Playground, client: Client, general: Channel) -> None:
    ada = playground.add_person("Ada")
    playground.join(ada, playground.world.guilds[general.guild_id or 0])
    said = await ada.say(general, "", files=[("a.txt", b"a")])
    link = cdn.link(playground.world, said.attachments[0])
    playground.faults.add(CallFault(route="attachment", status=503, chance=Chance(times=1)))
    assert (await client.fetch("GET", link)).status == 503
    assert (await client.fetch("GET", link)).body == b"a"
    assert (await client.people("POST", "/faults", {"route": "GET /attachments/**", "drop": True})).status == 201


async def test_faults_over_http(playground: Playground, client: Client) -> None:
    added = await client.people("POST", "/faults", {"route": "message.create", "status": 500, "times": 1})
    assert added.status == 201
    other = await client.people("POST", "/faults", {"event": "TYPING_START", "cut": True})
    listed = (await client.people("GET", "/faults")).body["faults"]
    assert listed[0] == {
        "id": added.body["id"],
        "route": "message.create",
        "status": 500,
        "times": 1,
        "seen": 0,
        "struck": 0,
    }
    assert (await client.people("DELETE", f"/faults/{other.body['id']}")).status == 204
    assert (await client.people("DELETE", f"/faults/{other.body['id']}")).status == 404
    assert len((await client.people("GET", "/faults")).body["faults"]) == 1
    assert (await client.people("DELETE", "/faults")).status == 204
    empty = (await client.people("GET", "/faults")).body
    assert empty["faults"] == []
    assert {"message.create", "reaction", "attachment"} <= set(empty["routes"]) and "MESSAGE_CREATE" in empty["events"]


async def test_every_name_that_is_told_can_be_struck(client: Client) -> None:
    told = (await client.people("GET", "/faults")).body
    given = [{"route": name, "drop": True} for name in told["routes"]]
    given += [{"event": name, "cut": True} for name in told["events"]]
    assert {(await client.people("POST", "/faults", each)).status for each in given} == {201}


def test_every_event_that_is_dispatched_has_its_name_told() -> None:
    written = re.findall(
        r'"((?:CHANNEL|GUILD|INTERACTION|MESSAGE|THREAD|TYPING)_[A-Z_]+)"', inspect.getsource(Dispatcher)
    )
    made = {f"{kind}_{what}" for kind in ("CHANNEL", "THREAD") for what in ("CREATE", "UPDATE", "DELETE")}
    assert set(EVENTS) == set(written) | made


async def test_an_onlooker_is_told_which_faults_stand_and_what_they_struck(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    feed = await client.events(ada.id, faults=1)

    async def told() -> list[dict[str, Any]]:
        while True:
            event = await feed.receive_json(timeout=30)
            if event["type"] == "faults":
                return list(event["faults"])

    assert await told() == []
    id = playground.faults.add(CallFault(route=SEND, status=500, chance=Chance(nth=(2,))))
    assert await told() == [{"id": id, "route": SEND, "status": 500, "nth": [2], "seen": 0, "struck": 0}]
    for _ in range(2):
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})
    seen = await told()
    while seen[0]["seen"] < 2:
        seen = await told()
    assert seen[0]["struck"] == 1
    playground.faults.clear()
    assert await told() == []


@pytest.mark.parametrize(
    ("given", "where", "told"),
    [
        ({"route": "message.make", "status": 500}, "route", "no route is 'message.make'"),
        ({"route": "POST /chanels/*/messages", "status": 500}, "route", "no route is"),
        ({"route": "*"}, "latency", "needs latency"),
        ({"route": "*", "status": 300}, "status", "between 400 and 599"),
        ({"route": "*", "latency": "long"}, "latency", "a number"),
        ({"route": "*", "status": 500, "probability": 2}, "probability", "between 0 and 1"),
        ({"route": "*", "status": 500, "drop": True}, "fault", "either status or drop"),
        ({"route": "*", "latency": 1, "retry_after": 2}, "retry_after", "with status 429"),
        ({"route": "*", "status": 429, "retry_after": 0}, "retry_after", "above 0"),
        ({"route": "*", "latency": 1, "body": "a"}, "body", "needs status"),
        ({"event": "MESSAGE_CREATE"}, "copies", "copies over 1"),
        ({"event": "MESSAGE_MAKE", "cut": True}, "event", "no event is 'MESSAGE_MAKE'"),
        ({"event": "*", "a.b": 1}, "fault", "unknown key"),
    ],
)
async def test_wrong_faults_over_http_are_refused_with_the_reason(
    client: Client, given: Any, where: str, told: str
) -> None:
    refused = await client.people("POST", "/faults", given)
    assert refused.status == 400
    assert list(refused.body["errors"]) == [where] and told in refused.body["errors"][where]["_errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "type", "code"),
    [
        (b'{"route": "\\ud800", "status": 500}', "application/json", 50109),
        (b'{"route": "*", "latency": NaN}', "application/json", 50109),
        (b"{", "application/json", 50109),
        (b'{"route": "*", "drop": true}', "text/plain", 50035),
    ],
)
async def test_what_is_no_body_for_a_fault_is_refused(
    playground: Playground, client: Client, body: bytes, type: str, code: int
) -> None:
    url = f"{playground.url}/playground/api/faults"
    refused = await client.fetch("POST", url, data=body, headers={"Content-Type": type})
    assert (refused.status, refused.code) == (400, code) and playground.faults.listed() == []


def test_a_chance_needs_no_drawing_where_it_is_certain() -> None:
    source = random.Random(1)
    before = source.getstate()
    assert Chance().strikes(1, source)
    assert source.getstate() == before


def test_all_that_is_wrong_with_a_fault_is_told_at_once() -> None:
    with pytest.raises(WrongFault) as kinds:
        read({"route": "*", "status": "x", "every": 1.5, "drop": 1})
    assert list(kinds.value.problems) == ["status", "every", "drop"]
    with pytest.raises(WrongFault) as ranges:
        read({"route": "*", "latency": -1, "status": 700, "nth": 0, "times": 0})
    assert sorted(ranges.value.problems) == ["latency", "nth", "status", "times"]
    assert str(ranges.value).count(";") == 3


def test_a_fault_that_can_strike_nothing_is_refused_from_python_too() -> None:
    playground = Playground()
    with pytest.raises(WrongFault, match=r"no route is 'message.edti'; it is one of attachment, "):
        playground.faults.add(CallFault(route="message.edti", drop=True))
    with pytest.raises(WrongFault, match="no event is 'MESSAGES'"):
        playground.faults.add(EventFault(event="MESSAGES", cut=True))
    assert playground.faults.listed() == []


@pytest.mark.parametrize("chance", [Chance(times=1), Chance(nth=(1,))])
def test_what_is_spent_counts_no_further(chance: Chance) -> None:
    faults = Faults(events=["READY"])
    faults.add(EventFault(event="READY", copies=2, chance=chance))
    assert [faults.of_event("READY").copies for _ in range(4)] == [2, 1, 1, 1]
    [listed] = faults.listed()
    assert (listed["seen"], listed["struck"]) == (1, 1)

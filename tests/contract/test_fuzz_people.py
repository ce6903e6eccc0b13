"""Whatever people's own API of the playground is sent, it answers as documented, and the world goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.api import actions
from playground.api.local import PREFIX
from tests.contract import fuzz
from tests.contract.arena import LIMITED, SECRET, Arena, Hasty
from tests.contract.inspector import Inspector
from tests.playground.client import Reply

FILE = {"filename": "a.txt", "content_base64": "YQ=="}
PEOPLE: dict[tuple[str, str], Callable[[Arena], Any]] = {
    ("GET", "/state"): lambda arena: {},
    ("GET", "/channels/{channel_id}/messages"): lambda arena: {"limit": "5", "versions": "1"},
    ("POST", "/channels/{channel_id}/messages"): lambda arena: {
        "content": "said",
        "reply_to": str(arena.said.id),
        "ping": True,
        "files": [FILE],
    },
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): lambda arena: {"content": "changed"},
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): lambda arena: {},
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions"): lambda arena: {"emoji": "🎉"},
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions"): lambda arena: {"emoji": "🎉"},
    ("POST", "/channels/{channel_id}/typing"): lambda arena: {},
    ("POST", "/channels/{channel_id}/threads"): lambda arena: {"name": "aside", "message_id": str(arena.said.id)},
    ("POST", "/channels/{channel_id}/posts"): lambda arena: {
        "name": "a question",
        "content": "why?",
        "tags": ["Open"],
        "files": [FILE],
    },
    ("GET", "/commands"): lambda arena: {"channel_id": str(arena.general.id)},
    ("POST", "/channels/{channel_id}/commands"): lambda arena: {"name": "ask", "options": {"what": "this"}},
    ("POST", "/channels/{channel_id}/autocomplete"): lambda arena: {"name": "ask", "option": "what", "value": "t"},
    ("POST", "/components"): lambda arena: {"message_id": str(arena.message.id), "custom_id": "press", "values": []},
    ("POST", "/modals"): lambda arena: {
        "interaction_id": str(arena.form().interaction.id),
        "values": {"name": "Ada", "file": [FILE]},
    },
    ("GET", "/limits"): lambda arena: {},
    ("GET", "/runs"): lambda arena: {},
    ("PUT", "/limits/{name}"): lambda arena: {"calls": 5, "seconds": 1.5},
    ("POST", "/gateway"): lambda arena: {"action": "reconnect"},
    ("POST", "/guilds"): lambda arena: {"name": "Second", "locale": "ko"},
    ("POST", "/guilds/{guild_id}/channels"): lambda arena: {"name": "room"},
    ("POST", "/people"): lambda arena: {"name": "Bo", "locale": "ko", "guild_ids": [str(arena.guild.id)]},
}
"""What fits each request of people's own API; the person is added."""
IN_A_CHANNEL = [place for place in PEOPLE if "{channel_id}" in place[1] or place[1] in ("/commands", "/components")]
REFUSALS = (400, 403, 404, 405, 413, 422, 504)


def test_every_request_of_people_is_tried() -> None:
    assert set(PEOPLE) == {(method, path) for method, path, _ in actions.ACTIONS}


@pytest.mark.parametrize(("method", "path"), PEOPLE, ids=lambda part: str(part))
def test_any_request_of_people_is_answered(
    method: str, path: str, hasty: Arena, inspector: Inspector, request: pytest.FixtureRequest
) -> None:
    @fuzz.examples(request, 30)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        hasty.restore()
        place = re.sub(r"\{(\w+)\}", lambda match: data.draw(st.sampled_from(_people_ids(hasty, match[1]))), path)
        person = data.draw(st.sampled_from((hasty.ada, hasty.ada, hasty.outsider)))
        given = fuzz.broken(data.draw, {"user_id": str(person.id), **_pointed(data.draw, hasty, PEOPLE[method, path])})
        reply = hasty.ask(method, f"{hasty.playground.url}{PREFIX}{place}", **_people_content(data.draw, method, given))
        said = f"{method} {place} {given}: {reply.status} {reply.body!r}"
        assert reply.status < 300 or (reply.status in REFUSALS and isinstance(reply.body, dict)), said
        assert reply.status < 300 or reply.status == 504 or isinstance(reply.body["message"], str), said
        breaches = inspector.breaches()
        assert not breaches, "\n".join((said, *map(str, breaches)))
        assert _is_kept(hasty, reply), said

    check()
    hasty.stays_usable()


def _pointed(draw: fuzz.Draw, arena: Arena, fitting: Callable[[Arena], Any]) -> Any:
    """Some of it at what is hidden."""
    secret = str(arena.secret.id)
    hidden = {"channel_id": str(arena.hidden.id), "message_id": secret, "reply_to": secret}
    aim = draw(st.sampled_from((False, False, True)))
    given = fitting(arena)
    return given | {key: hidden[key] for key in hidden if aim and key in given}


def _is_kept(arena: Arena, reply: Reply) -> bool:
    """Nobody was told what is hidden, or changed anything there."""
    secret = arena.secret
    untouched = arena.hidden.messages == [secret] and not secret.reactions and len(secret.versions) == 1
    return untouched and SECRET not in str(reply.body)


def _people_ids(arena: Arena, name: str) -> list[str]:
    known = [LIMITED] if name == "name" else arena.path_values(name)
    if name == "channel_id":
        known += [str(arena.forum.id), str(arena.hidden.id)]
    if name == "message_id":
        known.append(str(arena.secret.id))
    return [*known * 20, *fuzz.STRANGE_IDS]


def _people_content(draw: fuzz.Draw, method: str, given: Any) -> dict[str, Any]:
    if method in ("GET", "DELETE"):
        items = given.items() if isinstance(given, dict) else ()
        return {"params": {key: str(value).encode(errors="replace").decode() for key, value in items}}
    type = draw(st.sampled_from(("application/json",) * 8 + fuzz.STRANGE_TYPES))
    return {"data": fuzz.raw(draw, fuzz.as_json(given)), "headers": {"Content-Type": type}}


@pytest.fixture
def hasty() -> Iterator[Arena]:
    """Where nobody answers what people ask of the bot, and nobody waits for it."""
    with Arena(Hasty()) as arena:
        yield arena


@pytest.mark.parametrize("query", ["", "?user_id=", "?user_id=x", "?user_id=1", "?user_id=%00"])
def test_a_feed_for_nobody_is_refused(hasty: Arena, query: str) -> None:
    reply = hasty.ask("GET", f"{hasty.playground.url}{PREFIX}/events{query}")
    assert reply.status in (400, 422) and isinstance(reply.body["message"], str)


def test_an_unknown_path_is_refused_in_the_same_way(hasty: Arena) -> None:
    reply = hasty.ask("POST", f"{hasty.playground.url}{PREFIX}/nothing", json={})
    assert reply.status == 404 and isinstance(reply.body["message"], str)


@pytest.mark.parametrize(("method", "path"), IN_A_CHANNEL, ids=lambda part: str(part))
@pytest.mark.parametrize("who", ["outsider", "ada"])
def test_what_one_may_not_see_one_cannot_act_upon(hasty: Arena, who: str, method: str, path: str) -> None:
    """The outsider in any channel of the guild, Ada in the hidden one."""
    places = (hasty.hidden, hasty.general) if who == "outsider" else (hasty.hidden,)
    for channel in places:
        message = hasty.secret if channel is hasty.hidden else hasty.message
        place = path.replace("{channel_id}", str(channel.id)).replace("{message_id}", str(message.id))
        aimed = {"channel_id": str(channel.id)} if path == "/commands" else {"message_id": str(message.id)}
        given = {"user_id": str(getattr(hasty, who).id), **PEOPLE[method, path](hasty)} | aimed
        content = {"params": {key: str(value) for key, value in given.items()}}
        content = content if method in ("GET", "DELETE") else {"json": given}
        reply = hasty.ask(method, f"{hasty.playground.url}{PREFIX}{place}", **content)
        nothing = reply.body in ({"messages": []}, {"commands": []})
        assert reply.status in (400, 403, 404, 422) or nothing, f"{method} {place}: {reply}"
        assert _is_kept(hasty, reply)


@pytest.mark.parametrize("who", ["outsider", "ada"])
def test_what_one_may_not_see_is_not_in_ones_state(hasty: Arena, who: str) -> None:
    given = {"user_id": str(getattr(hasty, who).id)}
    state = hasty.ask("GET", f"{hasty.playground.url}{PREFIX}/state", params=given)
    assert state.status == 200
    guilds = {guild["id"]: guild for guild in state.body["guilds"]}
    for channel in guilds[str(hasty.guild.id)]["channels"]:
        seen = channel["id"] != str(hasty.hidden.id) and who == "ada"
        assert (given["user_id"] in channel["viewers"]) is seen

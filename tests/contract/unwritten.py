"""Rules that Discord keeps but its OpenAPI file does not tell, one function each.

The file allows 4,000 characters where a bot has 2,000, wants `nonce` short but not unique fields exclusive, and says
nothing of the headers that a bot must send, of what the types of an interaction's answer may carry, or of how an error
is coded. Each rule gives what is wrong as (where in the message, what was expected).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.contract.exchange import Exchange

Problem = tuple[str, str]
Rule = Callable[[Exchange], Iterator[Problem]]

MAX_CONTENT = 2000
MAX_NONCE = 25
_USER_AGENT = re.compile(r"DiscordBot \(\S+,? [^)]+\).*")
"""Discord's reference wants a comma; discord.py leaves it out and is let in."""
_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
_NO_SNOWFLAKES = ("custom_id", "session_id")
_TIME_NAMES = ("timestamp", "joined_at", "premium_since", "communication_disabled_until")
_TOKEN_OPENS = re.compile(r"/interactions/\d+/[^/]+/callback|/webhooks/\d+/[^/]+(/.*)?")
_CALLBACK = re.compile(r"/interactions/\d+/[^/]+/callback")
_RATE_HEADERS = ("limit", "remaining", "reset", "reset-after", "bucket")

CARRIED: dict[Any, set[str]] = {
    1: set(),
    4: {"tts", "content", "embeds", "allowed_mentions", "flags", "components", "attachments", "poll"},
    5: {"flags"},
    6: set(),
    # discord.py sends `tts` with changes too.
    7: {"tts", "content", "embeds", "allowed_mentions", "flags", "components", "attachments"},
    8: {"choices"},
    9: {"custom_id", "title", "components"},
}
"""What the `data` of an interaction's answer may hold, by the answer's type."""


@dataclass(frozen=True, slots=True)
class _Constant:
    """NaN and its like."""

    name: str


Place = tuple[str | int, ...]


def walk(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value inside a JSON value, with the steps to it."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from walk(item, (*path, step))


def shown(path: Place) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


# Of a request


def authorization_is_of_a_bot(exchange: Exchange) -> Iterator[Problem]:
    """What an interaction's token opens needs none."""
    given = exchange.sent_headers.get("authorization")
    if given is None and _TOKEN_OPENS.fullmatch(exchange.path):
        return
    if not re.fullmatch(r"Bot [\w.-]{20,}", given or ""):
        yield "Authorization", "must be `Bot ` and the token"


def user_agent_names_the_library(exchange: Exchange) -> Iterator[Problem]:
    """Of what the bot's token opens; for interactions discord.py names nothing and is let in."""
    if not _TOKEN_OPENS.fullmatch(exchange.path) and not _USER_AGENT.fullmatch(
        exchange.sent_headers.get("user-agent", "")
    ):
        yield "User-Agent", "must be `DiscordBot (url, version)`"


def sent_type_is_declared(exchange: Exchange) -> Iterator[Problem]:
    if exchange.sent and exchange.content_type not in ("application/json", "multipart/form-data"):
        yield "Content-Type", f"{exchange.content_type!r} must be JSON or multipart"
    if exchange.multipart and "boundary=" not in exchange.sent_headers["content-type"]:
        yield "Content-Type", "must name the boundary"


def sent_content_is_short(exchange: Exchange) -> Iterator[Problem]:
    for path, value in _contents(exchange.body()):
        if isinstance(value, str) and len(value) > MAX_CONTENT:
            yield shown(path), f"{len(value)} characters are more than {MAX_CONTENT}"


def nonce_is_short(exchange: Exchange) -> Iterator[Problem]:
    body = exchange.body()
    nonce = body.get("nonce") if isinstance(body, dict) else None
    if isinstance(nonce, bool) or not isinstance(nonce, str | int | None):
        yield "$.nonce", "must be text or an integer"
    elif nonce is not None and len(str(nonce)) > MAX_NONCE:
        yield "$.nonce", f"must have at most {MAX_NONCE} characters"


def allowed_mentions_do_not_contradict(exchange: Exchange) -> Iterator[Problem]:
    for path, value in walk(exchange.body()):
        if path and path[-1] == "allowed_mentions" and isinstance(value, dict):
            for kind in ("users", "roles"):
                if kind in (value.get("parse") or ()) and value.get(kind):
                    yield shown(path), f"`parse` of {kind} and a list of {kind} exclude each other"


def commands_have_proper_names(exchange: Exchange) -> Iterator[Problem]:
    if not exchange.path.endswith("/commands") or exchange.method not in ("POST", "PUT"):
        return
    body = exchange.body()
    for index, command in enumerate(body if isinstance(body, list) else [body]):
        if (command.get("type") or 1) != 1:
            continue
        for path, value in walk(command):
            named = path[-1:] == ("name",) and "choices" not in path
            if named and (not _COMMAND_NAME.fullmatch(str(value)) or value != str(value).lower()):
                yield shown((index, *path)), f"{value!r} is no name of a command or option"


def answers_carry_what_their_type_has(exchange: Exchange) -> Iterator[Problem]:
    if not _CALLBACK.fullmatch(exchange.path):
        return
    body = exchange.body() or {}
    may = CARRIED.get(body.get("type"))
    if may is None:
        yield "$.type", f"{body.get('type')!r} is no type of an answer"
        return
    for key in set(body.get("data") or ()) - may:
        yield f"$.data.{key}", f"is nothing that an answer of type {body['type']} carries"


def files_are_the_attachments(exchange: Exchange) -> Iterator[Problem]:
    """Every file has a number, and the attachments that name no earlier file name one of those sent."""
    if not exchange.multipart:
        return
    names = set(exchange.parts()) - {"payload_json"}
    for name in names:
        if not re.fullmatch(r"files\[\d\]", name):
            yield name, "is no `files[n]`"
    body = exchange.body() or {}
    data = body.get("data") or body if _CALLBACK.fullmatch(exchange.path) else body
    numbers = {str(item.get("id")) for item in data.get("attachments") or ()}
    for number in numbers:
        if len(number) < 3 and f"files[{number}]" not in names:
            yield "$.attachments", f"names the file {number}, which was not sent"


# Of an answer


def answer_type_is_bare_json(exchange: Exchange) -> Iterator[Problem]:
    """discord.py compares it whole: with a charset it would hand back text."""
    given = exchange.headers.get("content-type")
    if exchange.received and given != "application/json":
        yield "Content-Type", f"{given!r} must be exactly application/json"
    if exchange.status == 204 and exchange.received:
        yield "$", "204 has no body"


def limits_are_told(exchange: Exchange) -> Iterator[Problem]:
    """On every answer but that something is not served; a refusal by the global limit tells no bucket."""
    if exchange.status == 501:
        return
    if exchange.status == 429 and "x-ratelimit-global" in exchange.headers:
        return
    missing = [name for name in _RATE_HEADERS if f"x-ratelimit-{name}" not in exchange.headers]
    if missing:
        yield f"X-RateLimit-{missing[0].title()}", "is left out"
        return
    limit, remaining, _, after = (float(exchange.headers[f"x-ratelimit-{name}"]) for name in _RATE_HEADERS[:4])
    if not 0 <= remaining <= limit or after < 0:
        yield "X-RateLimit-Remaining", f"{remaining} of {limit}, again in {after} s"


def refusals_say_when_to_come_back(exchange: Exchange) -> Iterator[Problem]:
    if exchange.status != 429:
        return
    told, body = exchange.headers, exchange.answer()
    if "via" not in told:
        yield "Via", "is left out: discord.py takes that for a ban"
    if told.get("x-ratelimit-scope") not in ("user", "global", "shared"):
        yield "X-RateLimit-Scope", "must be user, global or shared"
    if math.ceil(body["retry_after"]) > int(told.get("retry-after", "-1")):
        yield "Retry-After", "must not be shorter than the body's `retry_after`"
    if body["global"] != ("x-ratelimit-global" in told):
        yield "X-RateLimit-Global", "must agree with the body's `global`"


def errors_are_coded(exchange: Exchange) -> Iterator[Problem]:
    """Code 0 belongs to the status alone; a refused form says which field."""
    if exchange.status < 400 or exchange.status == 429:
        return
    code = _code(exchange)
    if code == 0 and exchange.status not in (401, 501):
        yield "$.code", f"0 tells nothing with status {exchange.status}"
    if code == 50035 and not exchange.answer().get("errors"):
        yield "$.errors", "must name the fields refused"


def ids_are_text(exchange: Exchange) -> Iterator[Problem]:
    yield from ids_as_text(_entities(exchange))


def times_have_an_offset(exchange: Exchange) -> Iterator[Problem]:
    yield from times_with_offset(_entities(exchange))


def received_content_is_short(exchange: Exchange) -> Iterator[Problem]:
    yield from content_short(_entities(exchange))


def answers_are_unicode(exchange: Exchange) -> Iterator[Problem]:
    """NaN and Infinity are Python's idea of JSON, half a surrogate pair is no text."""
    answer = json.loads(exchange.received, parse_constant=_Constant) if exchange.received else None
    for path, value in walk(answer):
        if isinstance(value, _Constant):
            yield shown(path), f"{value.name} is no JSON"


def callback_answers_only_when_asked(exchange: Exchange) -> Iterator[Problem]:
    if not _CALLBACK.fullmatch(exchange.path) or exchange.status >= 400:
        return
    asked = dict(exchange.query).get("with_response", "").lower() in ("true", "1")
    if asked != (exchange.status == 200):
        yield "status", f"{exchange.status} does not fit with_response={asked}"


def ids_as_text(body: Any) -> Iterator[Problem]:
    for path, value in walk(body):
        if value is not None and _is_id(path) and not (isinstance(value, str) and _SNOWFLAKE.fullmatch(value)):
            yield shown(path), f"{value!r} is no id as text"


def times_with_offset(body: Any) -> Iterator[Problem]:
    for path, value in walk(body):
        if path and _is_time(str(path[-1])) and value is not None and not _has_offset(value):
            yield shown(path), f"{value!r} is no ISO 8601 time with an offset"


def content_short(body: Any) -> Iterator[Problem]:
    for path, value in _contents(body):
        if not isinstance(value, str) or len(value) > MAX_CONTENT:
            yield shown(path), f"must be text of at most {MAX_CONTENT} characters"


def _contents(body: Any) -> Iterator[tuple[Place, Any]]:
    """Of messages; components have their own limit."""
    return (found for found in walk(body) if found[0][-1:] == ("content",) and "components" not in found[0])


def _is_id(path: Place) -> bool:
    """Components have numbers of their own as `id`."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    listed = bool(path) and isinstance(path[-1], int)
    if listed:
        return name in ("mention_roles", "ids", "roles") and name == path[-2] and len(path) >= 2 and _plain(path)
    within = {"components", "component", "accessory"} & set(path)
    return (name == "id" and not within) or (name.endswith("_id") and name not in _NO_SNOWFLAKES)


def _plain(path: Place) -> bool:
    """A list of roles is one of ids beside a member and one of objects in a guild."""
    return path[-2] != "roles" or (len(path) > 2 and path[-3] == "member")


def _is_time(name: str) -> bool:
    return name.endswith("_timestamp") or name in _TIME_NAMES


def _has_offset(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _entities(exchange: Exchange) -> Any:
    """What was answered, unless it is an error: its keys are names of fields."""
    return exchange.answer() if exchange.status < 400 else None


def _code(exchange: Exchange) -> Any:
    body = exchange.answer()
    return body.get("code") if isinstance(body, dict) else None


OF_A_REQUEST: tuple[Rule, ...] = (
    authorization_is_of_a_bot,
    user_agent_names_the_library,
    sent_type_is_declared,
    sent_content_is_short,
    nonce_is_short,
    allowed_mentions_do_not_contradict,
    commands_have_proper_names,
    answers_carry_what_their_type_has,
    files_are_the_attachments,
)
OF_AN_ANSWER: tuple[Rule, ...] = (
    answer_type_is_bare_json,
    limits_are_told,
    refusals_say_when_to_come_back,
    errors_are_coded,
    ids_are_text,
    times_have_an_offset,
    received_content_is_short,
    answers_are_unicode,
    callback_answers_only_when_asked,
)
_OF_BOTS = (user_agent_names_the_library, files_are_the_attachments, answers_carry_what_their_type_has)
"""What no answer of the server depends on: Discord passes over parts that it does not know."""


def broken(exchange: Exchange) -> Iterator[tuple[str, Problem]]:
    """Rule by name and problem. A careless request is looked at only if it was accepted."""
    rules = OF_A_REQUEST
    if exchange.careless:
        rules = tuple(rule for rule in OF_A_REQUEST if rule not in _OF_BOTS) if exchange.status < 400 else ()
    for rule in (*rules, *OF_AN_ANSWER):
        for problem in rule(exchange):
            yield rule.__name__, problem

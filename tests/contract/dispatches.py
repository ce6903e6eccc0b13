"""What the gateway tells a bot, for which Discord publishes no description: names, required keys, and entities.

Where an event carries an entity that the HTTP API also has, that entity's schema is held against it. The keys are
those without which discord.py's parsers fail, and those that bots rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract import unwritten
from tests.contract.document import Breach, Contract

Json = dict[str, Any]

KEYS: dict[str, set[str]] = {
    "READY": {"v", "user", "guilds", "session_id", "resume_gateway_url", "application"},
    "RESUMED": set(),
    "GUILD_CREATE": {
        "id",
        "joined_at",
        "large",
        "member_count",
        "members",
        "channels",
        "threads",
        "roles",
        "presences",
    },
    "GUILD_UPDATE": {"id", "name", "roles"},
    "GUILD_DELETE": {"id"},
    "GUILD_ROLE_CREATE": {"guild_id", "role"},
    "GUILD_ROLE_UPDATE": {"guild_id", "role"},
    "GUILD_MEMBER_ADD": {"guild_id", "user", "roles", "joined_at"},
    "GUILD_MEMBERS_CHUNK": {"guild_id", "members", "chunk_index", "chunk_count"},
    "GUILD_MEMBER_UPDATE": {"guild_id", "user", "roles"},
    "GUILD_MEMBER_REMOVE": {"guild_id", "user"},
    "CHANNEL_CREATE": {"id", "guild_id", "type", "name"},
    "CHANNEL_UPDATE": {"id", "guild_id", "type", "name"},
    "CHANNEL_DELETE": {"id", "guild_id", "type"},
    "THREAD_CREATE": {"id", "guild_id", "parent_id", "type", "thread_metadata"},
    "THREAD_UPDATE": {"id", "guild_id", "parent_id", "type", "thread_metadata"},
    "THREAD_DELETE": {"id", "guild_id", "parent_id", "type"},
    "MESSAGE_CREATE": {"id", "channel_id", "author", "content", "timestamp", "mentions"},
    "MESSAGE_UPDATE": {"id", "channel_id", "author", "content", "timestamp", "mentions"},
    "MESSAGE_DELETE": {"id", "channel_id"},
    "MESSAGE_DELETE_BULK": {"ids", "channel_id"},
    "MESSAGE_REACTION_ADD": {"user_id", "channel_id", "message_id", "emoji", "type", "burst"},
    "MESSAGE_REACTION_REMOVE": {"user_id", "channel_id", "message_id", "emoji", "type", "burst"},
    "MESSAGE_REACTION_REMOVE_ALL": {"channel_id", "message_id"},
    "MESSAGE_REACTION_REMOVE_EMOJI": {"channel_id", "message_id", "emoji"},
    "THREAD_MEMBERS_UPDATE": {"id", "guild_id", "member_count"},
    "TYPING_START": {"channel_id", "user_id", "timestamp"},
    "INTERACTION_CREATE": {
        "id",
        "application_id",
        "type",
        "token",
        "version",
        "data",
        "channel",
        "channel_id",
        "app_permissions",
        "locale",
        "entitlements",
        "authorizing_integration_owners",
        "context",
    },
}

ENTITIES: dict[str, dict[str, str]] = {
    "READY": {"user": "UserPIIResponse"},
    "GUILD_CREATE": {"roles": "GuildRoleResponse", "channels": "GuildChannelResponse", "threads": "ThreadResponse"},
    "GUILD_ROLE_CREATE": {"role": "GuildRoleResponse"},
    "GUILD_ROLE_UPDATE": {"role": "GuildRoleResponse"},
    "GUILD_MEMBER_ADD": {"user": "UserResponse"},
    "GUILD_MEMBER_UPDATE": {"user": "UserResponse"},
    "CHANNEL_CREATE": {"": "GuildChannelResponse"},
    "CHANNEL_UPDATE": {"": "GuildChannelResponse"},
    "THREAD_CREATE": {"": "ThreadResponse"},
    "THREAD_UPDATE": {"": "ThreadResponse"},
    "MESSAGE_CREATE": {"": "MessageResponse"},
    "MESSAGE_UPDATE": {"": "MessageResponse"},
    "INTERACTION_CREATE": {"message": "MessageResponse"},
}
"""Schemas of the document by event and key; an empty key: the event itself."""

BESIDE: dict[str, set[str]] = {
    "MESSAGE_CREATE": {"member", "guild_id"},
    "MESSAGE_UPDATE": {"member", "guild_id"},
    "THREAD_CREATE": {"newly_created"},
}
"""Keys that events add to their entity; each user mentioned in a guild also has a `member`."""


def keys_are_there(name: str, data: Json) -> Iterator[unwritten.Problem]:
    if name not in KEYS:
        yield "t", "is no event that a bot knows"
    for key in KEYS.get(name, set()) - set(data):
        yield f"$.{key}", "is left out"


def ids_are_text(name: str, data: Json) -> Iterator[unwritten.Problem]:
    """Components have numbers as ids, which come back in what somebody did with them."""
    pressed = name == "INTERACTION_CREATE" and data.get("type") == 3
    yield from unwritten.ids_as_text({**data, "data": None} if pressed else data)


def times_have_an_offset(name: str, data: Json) -> Iterator[unwritten.Problem]:
    """Except the one that is a number of seconds."""
    if name != "TYPING_START":
        yield from unwritten.times_with_offset(data)
    elif not isinstance(data.get("timestamp"), int):
        yield "$.timestamp", "must be whole seconds"


def members_carry_role_ids(name: str, data: Json) -> Iterator[unwritten.Problem]:
    """Role objects instead killed the gateway of a bot."""
    for path, value in unwritten.walk(data):
        member = value if path[-1:] == ("member",) and isinstance(value, dict) else {}
        if not all(isinstance(role, str) for role in member.get("roles", ())):
            yield unwritten.shown((*path, "roles")), "must be ids"


def permissions_are_text(name: str, data: Json) -> Iterator[unwritten.Problem]:
    for path, value in unwritten.walk(data):
        named = bool(path) and path[-1] in ("permissions", "app_permissions", "allow", "deny")
        if named and not (isinstance(value, str) and value.isdecimal()):
            yield unwritten.shown(path), f"{value!r} must be a bit set as text"


def interactions_say_who_and_where(name: str, data: Json) -> Iterator[unwritten.Problem]:
    if name != "INTERACTION_CREATE":
        return
    who = {"member", "guild_id", "guild_locale"} if data.get("guild_id") else {"user"}
    for key in who - set(data):
        yield f"$.{key}", "is left out"
    inner = {2: {"id", "name", "type"}, 3: {"custom_id", "component_type"}, 4: {"id", "name", "type", "options"}}
    for key in inner.get(data.get("type", 0), {"custom_id", "components"}) - set(data.get("data") or ()):
        yield f"$.data.{key}", "is left out"


RULES: tuple[Callable[[str, Json], Iterator[unwritten.Problem]], ...] = (
    keys_are_there,
    ids_are_text,
    times_have_an_offset,
    members_carry_role_ids,
    permissions_are_text,
    interactions_say_who_and_where,
)


def breaches(contract: Contract | None, name: str, data: Json) -> Iterator[Breach]:
    for rule in RULES:
        for at, expected in rule(name, data):
            yield Breach(f"gateway {name} ({rule.__name__})", at, expected)
    if contract is None:
        return
    for key, schema in ENTITIES.get(name, {}).items():
        for entity in _entities(name, data, key):
            yield from contract.check(f"gateway {name}", f"/components/schemas/{schema}", entity)


def _entities(name: str, data: Json, key: str) -> list[Any]:
    if not key:
        beside = BESIDE.get(name, set())
        entity = _without(data, beside)
        if "mentions" in entity:
            entity["mentions"] = [_without(user, {"member"}) for user in entity["mentions"]]
        return [entity]
    value = data.get(key)
    return value if isinstance(value, list) else [value] if value is not None else []


def _without(data: Json, keys: set[str]) -> Json:
    return {key: value for key, value in data.items() if key not in keys}

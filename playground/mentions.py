"""Whom a text pings: what it names outside code, as far as allowed by its sender and to its sender."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from playground import permissions
from playground.entities import Channel, Json, Mentions, Message, Role, User

CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Allowed:
    """An `allowed_mentions` object. A kind is a set of ids, or None for all of that kind."""

    users: frozenset[int] | None
    roles: frozenset[int] | None
    everyone: bool
    replied: bool

    @classmethod
    def parse(cls, given: Json | None, *, by_webhook: bool) -> Allowed:
        """Left out, everything is allowed, and to webhooks and answers to interactions users only."""
        if given is None:
            return cls(None, frozenset() if by_webhook else None, not by_webhook, True)
        kinds = given.get("parse") or []
        return cls(
            None if "users" in kinds else _ids(given.get("users")),
            None if "roles" in kinds else _ids(given.get("roles")),
            "everyone" in kinds,
            bool(given.get("replied_user", False)),
        )


def pinged(
    text: str, author: User, channel: Channel, allowed: Allowed, users: Mapping[int, User], replied: Message | None
) -> Mentions:
    plain = CODE.sub(" ", text)
    named = _named(_USER, plain, users, allowed.users)
    answered = replied.author if replied and allowed.replied and replied.author is not author else None
    loud = permissions.allows(author, channel, permissions.MENTION_EVERYONE)
    return Mentions(
        users=tuple(dict.fromkeys([*named, *([answered] if answered else [])])),
        roles=_roles(plain, channel, allowed.roles, loud),
        everyone=loud and allowed.everyone and bool(_EVERYONE.search(plain)),
        replied=answered if answered not in named else None,
    )


def _named(
    pattern: re.Pattern[str], text: str, users: Mapping[int, User], allowed: frozenset[int] | None
) -> list[User]:
    ids = [int(found) for found in pattern.findall(text)]
    return [users[user_id] for user_id in dict.fromkeys(ids) if user_id in users and _in(user_id, allowed)]


def _roles(text: str, channel: Channel, allowed: frozenset[int] | None, loud: bool) -> tuple[Role, ...]:
    known = channel.guild.roles if channel.guild else {}
    roles = [known[int(found)] for found in dict.fromkeys(_ROLE.findall(text)) if int(found) in known]
    return tuple(role for role in roles if _in(role.id, allowed) and (role.mentionable or loud))


def _in(id: int, allowed: frozenset[int] | None) -> bool:
    return allowed is None or id in allowed


def _ids(given: object) -> frozenset[int]:
    return frozenset(int(id) for id in given) if isinstance(given, list) else frozenset()

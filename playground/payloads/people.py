"""Users, members and the application."""

from __future__ import annotations

from playground.entities import Json, Member, User
from playground.payloads.times import time
from playground.world import World


def user(person: User) -> Json:
    return {
        "id": str(person.id),
        "username": person.username,
        "discriminator": f"{person.id % 9000 + 1000}" if person.bot else "0",
        "global_name": None if person.bot else person.name,
        "avatar": None,
        "bot": person.bot,
        "public_flags": 0,
        "flags": 0,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
    }


def me(world: World) -> Json:
    return {**user(world.bot), "mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def application(world: World) -> Json:
    owner = next((person for person in world.users.values() if not person.bot), world.bot)
    return {
        "id": str(world.bot.id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": application_flags(world),
        "flags_new": str(application_flags(world)),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(owner),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def application_flags(world: World) -> int:
    """The limited form of each privileged intent, as an application below 10,000 users has it."""
    flags = {1 << 8: 1 << 13, 1 << 1: 1 << 15, 1 << 15: 1 << 19}
    return sum(flag for intent, flag in flags.items() if world.privileged & intent)


def bare_member(item: Member) -> Json:
    """Without the user, as it stands beside one."""
    return {
        "roles": [str(role.id) for role in item.roles],
        "nick": item.nick,
        "avatar": None,
        "banner": None,
        "joined_at": time(item.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "flags": 0,
        "mute": False,
        "deaf": False,
    }


def member(item: Member) -> Json:
    return {**bare_member(item), "user": user(item.user)}

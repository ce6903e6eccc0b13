"""Entities as the JSON of Discord's API, version 10. Ids are strings, times ISO 8601 with an offset."""

from __future__ import annotations

from datetime import datetime

from playground import cdn, permissions
from playground.entities import (
    DM,
    MESSAGE_REPLY,
    MESSAGE_THREAD_STARTER,
    SUPPRESS_EMBEDS,
    Attachment,
    Channel,
    Guild,
    Interaction,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    Tag,
    User,
)
from playground.snowflake import created_at
from playground.world import World


def time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None


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


def role(item: Role) -> Json:
    return {
        "id": str(item.id),
        "name": item.name,
        "permissions": str(item.permissions),
        "position": item.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": item.managed,
        "mentionable": item.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


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


def overwrite(item: Overwrite) -> Json:
    return {"id": str(item.id), "type": int(item.for_member), "allow": str(item.allow), "deny": str(item.deny)}


def channel(item: Channel, viewer: User) -> Json:
    if item.is_thread:
        return thread(item, viewer)
    last = _id(item.last_message_id)
    shown: Json = {"id": str(item.id), "type": item.type, "flags": item.flags, "last_message_id": last}
    if item.guild is None:
        return {**shown, "recipients": [user(person) for person in item.recipients if person is not viewer]}
    if item.is_forum:
        shown |= _forum(item)
    return {
        **shown,
        "guild_id": str(item.guild.id),
        "name": item.name,
        "position": item.position,
        "parent_id": _id(item.parent.id if item.parent else None),
        "topic": item.topic,
        "nsfw": item.nsfw,
        "rate_limit_per_user": item.slowmode,
        "default_thread_rate_limit_per_user": item.thread_slowmode,
        "permission_overwrites": [overwrite(each) for each in item.overwrites],
    }


def _forum(item: Channel) -> Json:
    return {
        "available_tags": [tag(each) for each in item.tags],
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
    }


def tag(item: Tag) -> Json:
    shown: Json = {"id": str(item.id), "name": item.name, "moderated": item.moderated}
    return {**shown, "emoji_id": None, "emoji_name": item.emoji}


def thread(item: Channel, viewer: User) -> Json:
    assert item.guild is not None and item.parent is not None
    there = [message for message in item.messages if message.type != MESSAGE_THREAD_STARTER]
    shown: Json = {
        "id": str(item.id),
        "type": item.type,
        "flags": item.flags,
        "guild_id": str(item.guild.id),
        "parent_id": str(item.parent.id),
        "owner_id": str(item.owner_id),
        "name": item.name,
        "last_message_id": _id(item.last_message_id),
        "rate_limit_per_user": item.slowmode,
        "message_count": len(there),
        "total_message_sent": item.sent,
        "member_count": len(item.thread_members),
        "thread_metadata": {
            "archived": item.archived,
            "archive_timestamp": time(item.archive_changed_at),
            "auto_archive_duration": item.auto_archive_minutes,
            "locked": item.locked,
            "create_timestamp": time(created_at(item.id)),
        },
    }
    if item.parent.is_forum:
        shown["applied_tags"] = [str(id) for id in item.applied_tags]
    if viewer.id in item.thread_members:
        shown["member"] = thread_member(item, viewer.id)
    return shown


def thread_member(item: Channel, user_id: int) -> Json:
    joined = time(item.thread_members[user_id])
    return {"id": str(item.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 0}


def guild(item: Guild) -> Json:
    return {
        "id": str(item.id),
        "name": item.name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "owner_id": str(item.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role(each) for each in item.roles.values()],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": item.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def attachment(world: World, item: Attachment) -> Json:
    url = cdn.link(world, item)
    shown: Json = {
        "id": str(item.id),
        "filename": item.filename,
        "size": len(item.content),
        "url": url,
        "proxy_url": url,
        "content_type": item.content_type,
    }
    if item.description is not None:
        shown["description"] = item.description
    if item.ephemeral:
        shown["ephemeral"] = True
    return shown


def message(world: World, item: Message, *, nested: bool = False) -> Json:
    """Everything about it. `nested`: as the message another one replies to, without what is beside or around it."""
    shown: Json = {
        "id": str(item.id),
        "channel_id": str(item.channel.id),
        "type": item.type,
        "content": item.content,
        "author": user(item.author),
        "timestamp": time(item.created_at),
        "edited_timestamp": time(item.edited_at),
        "tts": item.tts,
        "mention_everyone": item.mentions.everyone,
        "mentions": [user(person) for person in item.mentions.users],
        "mention_roles": [str(each.id) for each in item.mentions.roles],
        "attachments": [attachment(world, each) for each in item.attachments],
        "embeds": [] if item.flags & SUPPRESS_EMBEDS else item.embeds + item.previews,
        "components": item.components,
        "pinned": False,
        "flags": item.flags,
    }
    if item.nonce is not None:
        shown["nonce"] = item.nonce
    if item.reactions and not nested:
        shown["reactions"] = [reaction(world, item, emoji) for emoji in item.reactions]
    if item.thread is not None and not nested:
        shown["thread"] = thread(item.thread, world.bot)
    return shown | _answered(item) | _referring(world, item, nested)


def _answered(item: Message) -> Json:
    """Of an answer to an interaction; Discord sends it in the name of the application's webhook."""
    if item.interaction is None:
        return {}
    shown: Json = {
        "application_id": str(item.author.id),
        "webhook_id": str(item.author.id),
        "interaction_metadata": interaction_metadata(item.interaction),
    }
    if item.interaction.type == 2:
        asked = item.interaction
        shown["interaction"] = {"id": str(asked.id), "type": 2, "name": asked.name, "user": user(asked.user)}
    return shown


def _referring(world: World, item: Message, nested: bool) -> Json:
    if item.reference is None:
        return {}
    reference = {
        "type": 0,
        "message_id": str(item.reference.message_id),
        "channel_id": str(item.reference.channel_id),
    }
    if item.reference.guild_id is not None:
        reference["guild_id"] = str(item.reference.guild_id)
    shown: Json = {"message_reference": reference}
    if item.type in (MESSAGE_REPLY, MESSAGE_THREAD_STARTER) and not nested:
        place = world.channels.get(item.reference.channel_id)
        other = place.by_id.get(item.reference.message_id) if place else None
        shown["referenced_message"] = message(world, other, nested=True) if other else None
    return shown


def reaction(world: World, item: Message, key: str) -> Json:
    people = item.reactions[key]
    return {
        "emoji": emoji(key),
        "count": len(people),
        "count_details": {"normal": len(people), "burst": 0},
        "burst_colors": [],
        "me": world.bot in people,
        "me_burst": False,
    }


def emoji(key: str) -> Json:
    return {"id": None, "name": key}


def interaction_metadata(item: Interaction) -> Json:
    shown: Json = {
        "id": str(item.id),
        "type": item.type,
        "user": user(item.user),
        "authorizing_integration_owners": owners(item),
    }
    if item.type == 5 and item.opened_by is not None:
        shown["triggering_interaction_metadata"] = interaction_metadata(item.opened_by)
    elif item.message is not None:
        shown["interacted_message_id"] = str(item.message.id)
    return shown


def owners(item: Interaction) -> Json:
    return {"0": str(item.channel.guild.id if item.channel.guild else 0)}


def interaction(world: World, item: Interaction) -> Json:
    """As INTERACTION_CREATE brings it."""
    place = item.channel
    granted = permissions.in_channel(item.user, place)
    shown: Json = {
        "id": str(item.id),
        "application_id": str(world.bot.id),
        "type": item.type,
        "token": item.token,
        "version": 1,
        "data": item.data,
        "channel_id": str(place.id),
        "channel": {**channel(place, world.bot), "permissions": str(granted)},
        "app_permissions": str(permissions.in_channel(world.bot, place)),
        "locale": item.user.locale,
        "entitlements": [],
        "authorizing_integration_owners": owners(item),
        "context": 1 if place.type == DM else 0,
        "attachment_size_limit": cdn.MAX_FILE_BYTES,
    }
    if item.message is not None:
        shown["message"] = message(world, item.message)
    if place.guild is None:
        return {**shown, "user": user(item.user)}
    return {
        **shown,
        "guild_id": str(place.guild.id),
        "guild_locale": place.guild.locale,
        "guild": {"id": str(place.guild.id), "locale": place.guild.locale, "features": []},
        "member": {**member(place.guild.members[item.user.id]), "permissions": str(granted)},
    }


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)

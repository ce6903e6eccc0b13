"""Guilds with their roles, channels and threads."""

from __future__ import annotations

from playground.entities import MESSAGE_THREAD_STARTER, Channel, Guild, Json, Overwrite, Role, Tag, User
from playground.payloads.people import user
from playground.payloads.times import id_or_null, time
from playground.snowflake import created_at


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


def overwrite(item: Overwrite) -> Json:
    return {"id": str(item.id), "type": int(item.for_member), "allow": str(item.allow), "deny": str(item.deny)}


def channel(item: Channel, viewer: User) -> Json:
    if item.is_thread:
        return thread(item, viewer)
    last = id_or_null(item.last_message_id)
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
        "parent_id": id_or_null(item.parent.id if item.parent else None),
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
        "last_message_id": id_or_null(item.last_message_id),
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

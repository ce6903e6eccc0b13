"""Entities as the page gets them: Discord's own JSON where there is one, and what only an onlooker knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from playground import payloads, permissions
from playground.commands import Found
from playground.entities import REQUIRES_TAG, Channel, Guild, Interaction, Json, Member, Message, Modal, User
from playground.gateway.session import Sessions
from playground.limits import Limits
from playground.snowflake import id_in
from playground.timeline import Run
from playground.world import World


def state(world: World, sessions: Sessions) -> Json:
    people = [person for person in world.users.values() if not person.bot and not person.absent]
    return {
        "bot": {"id": str(world.bot.id), "name": world.bot.name, "online": sessions.complete},
        "people": [person(each) for each in people],
        "guilds": [guild(each) for each in world.guilds.values()],
        "dms": [{**channel(world.dm(each)), "user_id": str(each.id)} for each in people],
    }


def person(user: User) -> Json:
    return {"id": str(user.id), "name": user.name, "username": user.username, "locale": user.locale}


def guild(item: Guild) -> Json:
    return {
        "id": str(item.id),
        "name": item.name,
        "locale": item.locale,
        "roles": [{"id": str(role.id), "name": role.name} for role in item.roles.values()],
        "members": [member(each) for each in item.members.values() if not each.user.absent],
        "channels": [channel(each) for each in item.channels.values()],
    }


def member(item: Member) -> Json:
    return {
        "user_id": str(item.user.id),
        "name": item.name,
        "bot": item.user.bot,
        "roles": [str(role.id) for role in item.roles],
        "permissions": str(permissions.in_guild(item.guild, item)),
    }


def channel(item: Channel) -> Json:
    """`viewers` and `writers`: the people who may read and write there; in a forum, who may post."""
    members = [each.user for each in item.guild.members.values()] if item.guild else list(item.recipients)
    present = [user for user in members if not user.bot and not user.absent]
    sending = permissions.SEND_MESSAGES_IN_THREADS if item.is_thread else permissions.SEND_MESSAGES
    shown = {
        "id": str(item.id),
        "type": item.type,
        "name": item.name,
        "topic": item.topic,
        "guild_id": str(item.guild.id) if item.guild else None,
        "parent_id": str(item.parent.id) if item.parent else None,
        "archived": item.archived,
        "viewers": _ids(user for user in present if permissions.allows(user, item, permissions.VIEW_CHANNEL)),
        "writers": _ids(user for user in present if permissions.allows(user, item, sending)),
    }
    if item.is_thread:
        shown |= {"owner_id": str(item.owner_id), "message_count": len(item.messages), "tags": _applied(item)}
    if item.is_forum:
        shown |= {"tags": [tag.name for tag in item.tags], "tag_required": bool(item.flags & REQUIRES_TAG)}
    return shown


def _applied(post: Channel) -> list[str]:
    return [tag.name for tag in post.parent.tags if tag.id in post.applied_tags] if post.parent else []


def message(world: World, item: Message, *, versions: bool = False) -> Json:
    shown = payloads.message(world, item, origin=world.base_url)
    shown |= {
        "private": item.private,
        "loading": item.loading,
        "author_name": _author_name(item),
        "pings": _ids(item.mentions.users),
        "reactions": [reaction(item, emoji) for emoji in item.reactions],
    }
    if versions:
        shown["versions"] = [
            {"content": each.content, "at": payloads.time(each.at), "elapsed": each.elapsed} for each in item.versions
        ]
    return shown


def reaction(item: Message, emoji: str) -> Json:
    people = item.reactions.get(emoji, [])
    return {"emoji": emoji, "count": len(people), "user_ids": _ids(people)}


def interaction(world: World, item: Interaction) -> Json:
    first = item.original
    changed = first if first and first.interaction is not item and first.deleted_at is None else None
    return {
        "id": str(item.id),
        "name": item.name,
        "answered": item.answered,
        "failed": item.failed,
        "choices": item.choices,
        "modal": modal(item.modal) if item.modal else None,
        "messages": [message(world, each) for each in item.messages],
        "changed": message(world, changed) if changed else None,
    }


def modal(item: Modal) -> Json:
    return {
        "interaction_id": str(item.interaction.id),
        "custom_id": item.custom_id,
        "title": item.title,
        "components": item.components,
    }


def limits(world: World, item: Limits) -> Json:
    """What was counted, the windows open now and the newest refusals, newest first."""
    return {
        **item.counted(),
        "windows": [{**window, "kept_by": _place_of(world, window["kept_by"])} for window in item.spent()],
        "refusals": [asdict(each) for each in reversed(item.refusals)],
    }


def _place_of(world: World, kept_by: str) -> str:
    """The name of the channel that a window is kept by, nothing for others: those are tokens."""
    id = id_in(kept_by)
    found = world.channels.get(id) if id is not None else None
    if found is None:
        return ""
    return found.name or ", ".join(user.name for user in found.recipients if not user.bot)


_MOMENTS = ("asked", "sign", "typing", "form", "shown", "edited", "failed")


def run(item: Run) -> Json:
    return {
        "id": str(item.id),
        "channel_id": str(item.channel.id),
        "user_id": str(item.user.id),
        "text": item.text,
        "message_ids": [str(message.id) for message in item.answers],
        "kind": item.kind,
        **{name: getattr(item, name) for name in _MOMENTS},
        "edits": item.edits,
        "refused": [asdict(each) for each in item.refused],
    }


def command(found: Found, locale: str) -> Json:
    """`shown_name` and `shown_description` are in the person's language where it was translated."""
    leaf = found.path[-1] if found.path else found.command
    return {
        "id": found.command["id"],
        "type": found.command["type"],
        "name": found.name,
        "shown_name": command_name(found, locale),
        "description": leaf.get("description", ""),
        "shown_description": _local(leaf, "description", locale),
        "options": [_option(option, locale) for option in found.options],
    }


def command_name(found: Found, locale: str) -> str:
    return " ".join(_local(part, "name", locale) for part in (found.command, *found.path))


def _option(option: Json, locale: str) -> Json:
    choices = option.get("choices") or []
    return {
        **option,
        "shown_name": _local(option, "name", locale),
        "shown_description": _local(option, "description", locale),
        "required": bool(option.get("required")),
        "autocomplete": bool(option.get("autocomplete")),
        "choices": [{**choice, "shown_name": _local(choice, "name", locale)} for choice in choices],
    }


def _local(part: Json, key: str, locale: str) -> str:
    translations = part.get(f"{key}_localizations") or {}
    return str(translations.get(locale) or part.get(key) or "")


def _author_name(item: Message) -> str:
    known = item.guild.members.get(item.author.id) if item.guild else None
    return known.name if known else item.author.name


def _ids(users: Iterable[User]) -> list[str]:
    return [str(user.id) for user in users]

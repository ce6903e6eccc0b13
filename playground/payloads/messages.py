"""Messages with their files, reactions, and what they refer to."""

from __future__ import annotations

from playground import cdn, media
from playground.entities import (
    MESSAGE_REPLY,
    MESSAGE_THREAD_STARTER,
    SUPPRESS_EMBEDS,
    Attachment,
    Interaction,
    Json,
    Message,
)
from playground.payloads.people import user
from playground.payloads.places import thread
from playground.payloads.times import time
from playground.world import World


def attachment(world: World, item: Attachment, origin: str | None = None) -> Json:
    url = cdn.link(world, item, origin)
    shown: Json = {
        "id": str(item.id),
        "filename": item.filename,
        "size": len(item.content),
        "url": url,
        "proxy_url": url,
        "content_type": item.content_type,
    }
    if item.title is not None:
        shown["title"] = item.title
    if item.description is not None:
        shown["description"] = item.description
    if item.ephemeral:
        shown["ephemeral"] = True
    return shown


def message(world: World, item: Message, *, nested: bool = False, origin: str | None = None) -> Json:
    """Everything about it. `nested`: as the message another one replies to, without what is beside or around it.

    `origin`: where links to files lead, by default to what the bot knows this server by.
    """
    attachments = [attachment(world, each, origin) for each in item.attachments]
    files = {each["filename"]: each for each in attachments}
    own, previews = ([], []) if item.flags & SUPPRESS_EMBEDS else (item.embeds, item.previews)
    inside = set(media.embedded(own))
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
        # What an embed shows is not told again beside it (discord-api-docs #1340).
        "attachments": [each for each in attachments if each["filename"] not in inside],
        "embeds": media.shown(own, files, str(item.id)) + previews,
        "components": media.shown(item.components, files, str(item.id)),
        "pinned": False,
        "flags": item.flags,
    }
    if item.nonce is not None:
        shown["nonce"] = item.nonce
    if item.reactions and not nested:
        shown["reactions"] = [reaction(world, item, emoji) for emoji in item.reactions]
    if item.thread is not None and not nested:
        shown["thread"] = thread(item.thread, world.bot)
    return shown | _answered(item) | _referring(world, item, nested, origin)


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


def _referring(world: World, item: Message, nested: bool, origin: str | None) -> Json:
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
        shown["referenced_message"] = message(world, other, nested=True, origin=origin) if other else None
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

"""What INTERACTION_CREATE brings."""

from __future__ import annotations

from playground import cdn, permissions
from playground.entities import DM, Interaction, Json
from playground.payloads.messages import message, owners
from playground.payloads.people import member, user
from playground.payloads.places import channel
from playground.world import World


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

"""Who used a command, where, and in which language they and the place are spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from bot.channels.preferences import Preferences
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place, Speaker
from bot.domain.settings import Permission
from bot.words import Words, words

if TYPE_CHECKING:
    from bot.client import Causerie


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    place: Place
    actor: Actor
    private_locale: str | None
    public_locale: str | None
    mentions: Mapping[str, str]
    """Of the bot's commands, by their English names."""

    @property
    def private(self) -> Words:
        return words(self.private_locale).mentioning(self.mentions)

    @property
    def public(self) -> Words:
        return words(self.public_locale)

    @property
    def shown_name(self) -> str:
        """For a text of the bot's, where nobody's name may be read as Markdown."""
        return discord.utils.escape_markdown(self.actor.name)

    @property
    def speaker(self) -> Speaker:
        return Speaker(user_id=self.actor.user_id, name=self.actor.name)


async def caller(interaction: discord.Interaction[Causerie], preferences: Preferences) -> Caller:
    place = place_of(interaction)
    user_id = interaction.user.id
    private = await preferences.locale(place, interaction.locale.value, user_id)
    public = private
    if place.guild_id is not None:
        guild_locale = interaction.guild_locale
        public = await preferences.locale(place, guild_locale.value if guild_locale else None)
    return Caller(
        place=place,
        actor=actor_of(interaction),
        private_locale=private,
        public_locale=public,
        mentions=interaction.client.mentions,
    )


def place_of(interaction: discord.Interaction) -> Place:
    channel = interaction.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    assert interaction.channel_id is not None, "every command and button of the bot is used in a channel"
    return Place(channel_id=interaction.channel_id, parent_id=parent_id, guild_id=interaction.guild_id)


def actor_of(interaction: discord.Interaction) -> Actor:
    user = interaction.user
    if interaction.guild_id is None:
        return Actor(user_id=user.id, name=user.display_name, permissions=EVERYTHING)
    return Actor(
        user_id=user.id,
        name=user.display_name,
        permissions=_named(interaction.permissions, thread=isinstance(interaction.channel, discord.Thread)),
        guild_permissions=_held_everywhere(interaction),
    )


def _held_everywhere(interaction: discord.Interaction) -> frozenset[Permission]:
    """By the member's roles: none while Discord has not yet told of the guild and what its roles allow."""
    user = interaction.user
    if not isinstance(user, discord.Member) or not user.guild.roles:
        return frozenset()
    return _named(user.guild_permissions, thread=False)


def _named(held: discord.Permissions, *, thread: bool) -> frozenset[Permission]:
    if held.administrator:
        return EVERYTHING
    names = {name for name, granted in held if granted}
    if thread:
        names.discard("send_messages")
        names |= {"send_messages"} if held.send_messages_in_threads else set()
    return frozenset(permission for permission in Permission if permission.value in names)

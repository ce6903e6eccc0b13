"""`/settings set` for a channel or a server, `/preferences` for oneself."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.preferences import Change, Preferences
from bot.client import Causerie
from bot.domain import settings as registry
from bot.domain.settings import Resolved, Scope, Setting
from bot.words import N_, Words
from cogs.caller import Caller, caller
from cogs.replies import answer_privately

_LABELS: dict[str, str] = {
    registry.REPLY_TO.key: N_("What I answer"),
    registry.PERSONA_USE.key: N_("Who may change the persona"),
    registry.LANGUAGE.key: N_("My language"),
    registry.UPDATES.key: N_("When I show my answers"),
    registry.NOTICE.key: N_("A mention when a long answer is done"),
    registry.WINDOW_TOKENS.key: N_("Tokens of history I am sent"),
    registry.ANSWER_TOKENS.key: N_("Longest answer in tokens"),
    registry.ANSWER_MESSAGES.key: N_("Longest answer in messages"),
    registry.LINK_PREVIEWS.key: N_("Previews of links in answers"),
}
_OPTIONS: dict[str, str] = {
    "mentions": N_("mentions and replies"),
    "everything": N_("every message"),
    "everyone": N_("everyone"),
    "managers": N_("those who manage channels"),
    "on": N_("on"),
    "off": N_("off"),
    "auto": N_("as in Discord"),
    "en": N_("English"),
    "ko": N_("Korean"),
    "live": N_("while I write"),
    "finished": N_("when they are finished"),
}
_SOURCES: dict[Scope | None, str] = {
    Scope.PERSON: N_("set by you"),
    Scope.CHANNEL: N_("set for this channel"),
    Scope.GUILD: N_("set for this server"),
    Scope.OPERATOR: N_("set by the bot's operator"),
    None: N_("default"),
}
Value = app_commands.Range[str, 1, 80]
_PLACES = (Scope.CHANNEL, Scope.GUILD)


def _choices(*scopes: Scope) -> list[Choice[str]]:
    return [
        Choice(name=L_(_LABELS[setting.key]), value=setting.key)
        for setting in registry.REGISTRY.values()
        if setting.listed and any(scope in setting.scopes for scope in scopes)
    ]


class Settings(commands.GroupCog, group_name=L_("settings"), group_description=L_("How I behave here")):
    def __init__(self, bot: Causerie) -> None:
        self._preferences = bot.services.preferences
        super().__init__()

    @app_commands.command(name=L_("set"), description=L_("Show or change a setting of this channel or server"))
    @app_commands.rename(key=L_("setting"), value=L_("value"), scope=L_("scope"))
    @app_commands.describe(
        key=L_("Which setting"),
        value=L_("Its new value, or “default”; leave it out to see what holds"),
        scope=L_("For this channel, or for the whole server"),
    )
    @app_commands.choices(
        key=_choices(*_PLACES),
        scope=[Choice(name=L_("this channel"), value="channel"), Choice(name=L_("this server"), value="guild")],
    )
    async def change(
        self,
        interaction: discord.Interaction[Causerie],
        key: str,
        value: Value | None = None,
        scope: str | None = None,
    ) -> None:
        asked_by = await caller(interaction, self._preferences)
        if value is None:
            await _show(interaction, asked_by, self._preferences, key, _PLACES)
            return
        chosen = Scope(scope) if scope else _usual_scope(registry.REGISTRY.get(key))
        change = await self._preferences.set(asked_by.place, asked_by.actor, key, value, chosen)
        await answer_privately(interaction, _confirmation(change, asked_by.private))

    @change.autocomplete("value")
    async def _values(self, interaction: discord.Interaction[Causerie], typed: str) -> list[Choice[str]]:
        key = getattr(interaction.namespace, "setting", None) or getattr(interaction.namespace, "key", None)
        asked_by = await caller(interaction, self._preferences)
        return _suggestions(key, typed, self._preferences, asked_by.private)


class Preference(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._preferences = bot.services.preferences

    @app_commands.command(name=L_("preferences"), description=L_("Show or change how I behave towards you"))
    @app_commands.rename(key=L_("setting"), value=L_("value"))
    @app_commands.describe(
        key=L_("Which setting"), value=L_("Its new value, or “default”; leave it out to see what holds")
    )
    @app_commands.choices(key=_choices(Scope.PERSON))
    async def preferences(
        self, interaction: discord.Interaction[Causerie], key: str | None = None, value: Value | None = None
    ) -> None:
        asked_by = await caller(interaction, self._preferences)
        if key is None or value is None:
            await _show(interaction, asked_by, self._preferences, key, (Scope.PERSON,))
            return
        change = await self._preferences.set(asked_by.place, asked_by.actor, key, value, Scope.PERSON)
        fresh = await caller(interaction, self._preferences)
        await answer_privately(interaction, _confirmation(change, fresh.private))

    @preferences.autocomplete("value")
    async def _values(self, interaction: discord.Interaction[Causerie], typed: str) -> list[Choice[str]]:
        key = getattr(interaction.namespace, "setting", None) or getattr(interaction.namespace, "key", None)
        asked_by = await caller(interaction, self._preferences)
        return _suggestions(key, typed, self._preferences, asked_by.private)


def _usual_scope(setting: Setting[Any] | None) -> Scope:
    """The narrowest that the setting has: the channel, else the server."""
    return Scope.GUILD if setting and Scope.CHANNEL not in setting.scopes else Scope.CHANNEL


async def _show(
    interaction: discord.Interaction[Causerie],
    asked_by: Caller,
    preferences: Preferences,
    key: str | None,
    scopes: tuple[Scope, ...],
) -> None:
    shown = await preferences.shown(asked_by.place, asked_by.actor.user_id, scopes)
    _ = asked_by.private
    lines = [_line(setting, resolved, _) for setting, resolved in shown if key in (None, setting)]
    await answer_privately(interaction, "\n".join(lines))


def _line(key: str, resolved: Resolved[Any], _: Words) -> str:
    return f"**{_(_LABELS[key])}**: {_named(resolved.value, _)} ({_(_SOURCES[resolved.scope])})"


def _named(value: Any, _: Words) -> str:
    return _("{n:number}", n=value) if isinstance(value, int) else _(_OPTIONS[value])


def _confirmation(change: Change, _: Words) -> str:
    label = _(_LABELS[change.setting.key])
    if change.value is None:
        return _("**{label}** is back to its default: {value}.", label=label, value=_named(change.effective, _))
    if change.value != change.effective:
        return _(
            "**{label}** is now {value} in this scope. Here, {effective} holds: it is set more closely.",
            label=label,
            value=_named(change.value, _),
            effective=_named(change.effective, _),
        )
    return _("**{label}** is now {value}.", label=label, value=_named(change.value, _))


def _suggestions(key: str | None, typed: str, preferences: Preferences, _: Words) -> list[Choice[str]]:
    setting = registry.REGISTRY.get(key or "")
    if setting is None:
        return []
    offered = [Choice(name=name, value=value) for value, name in _offers(setting, preferences, _)]
    wanted = typed.strip().casefold()
    return [choice for choice in offered if wanted in choice.name.casefold() or wanted in choice.value][:25] or offered


def _offers(setting: Setting[Any], preferences: Preferences, _: Words) -> list[tuple[str, str]]:
    default = ("default", _("default"))
    if isinstance(setting.kind, registry.Choice):
        return [*((option, _(_OPTIONS[option])) for option in setting.kind.options), default]
    bounds = preferences.bounds(setting)
    if bounds is None:
        return [default]
    least, most = bounds
    steps = sorted({least, *(most // part for part in (8, 4, 2, 1) if most // part >= least)})
    return [*((str(step), _("{n:number}", n=step)) for step in steps), default]


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Settings(bot))
    await bot.add_cog(Preference(bot))

"""`/settings set` for a channel or a server, `/preferences` for oneself."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.names import folded
from bot.channels.preferences import Change, Preferences, not_offered
from bot.client import Causerie
from bot.domain import settings as registry
from bot.domain.conversation import Place
from bot.domain.settings import Resolved, Scope, Setting
from bot.errors import SettingInvalid
from bot.words import LOCALES, N_, Words, words
from cogs.caller import Caller, caller
from cogs.replies import MENTIONS_ONLY, answer_privately

LABELS: dict[str, str] = {
    registry.REPLY_TO.key: N_("What I answer"),
    registry.PERSONA_USE.key: N_("Who may change the persona"),
    registry.LANGUAGE.key: N_("My language"),
    registry.UPDATES.key: N_("When I show my answers"),
    registry.NOTICE.key: N_("A mention when a long answer is done"),
    registry.WINDOW_TOKENS.key: N_("Tokens of history, question and answer together"),
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
_DEFAULT = N_("default")
_SOURCES: dict[Scope | None, str] = {
    Scope.PERSON: N_("set by you"),
    Scope.CHANNEL: N_("set for this channel"),
    Scope.GUILD: N_("set for this server"),
    Scope.OPERATOR: N_("set by the bot's operator"),
    None: _DEFAULT,
}
_HOLDERS: dict[Scope | None, str] = {
    Scope.CHANNEL: N_("the channel's value"),
    Scope.GUILD: N_("the server's value"),
    Scope.OPERATOR: N_("the operator's value"),
}
Value = app_commands.Range[str, 1, 80]
_PLACES = (Scope.CHANNEL, Scope.GUILD)


def _choices(*scopes: Scope) -> list[Choice[str]]:
    return [
        Choice(name=L_(LABELS[setting.key]), value=setting.key)
        for setting in registry.REGISTRY.values()
        if setting.listed and any(scope in setting.scopes for scope in scopes)
    ]


class Settings(commands.GroupCog, group_name=L_("settings"), group_description=L_("How I behave here")):
    def __init__(self, bot: Causerie) -> None:
        self._preferences = bot.services.preferences
        self._sees_content = bot.intents.message_content
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
        change = await _set(self._preferences, asked_by, key, value, chosen)
        fresh = await caller(interaction, self._preferences)
        text = confirmation(change, fresh.place, fresh.private, sees_content=self._sees_content)
        await answer_privately(interaction, text)

    @change.autocomplete("value")
    async def _values(self, interaction: discord.Interaction[Causerie], typed: str) -> list[Choice[str]]:
        key = getattr(interaction.namespace, "setting", None) or getattr(interaction.namespace, "key", None)
        asked_by = await caller(interaction, self._preferences)
        return _suggestions(key, typed, self._preferences, asked_by, _PLACES)


class Preference(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._preferences = bot.services.preferences
        self._sees_content = bot.intents.message_content

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
        if key is None and value is not None:
            _ = asked_by.private
            await answer_privately(interaction, _("Which setting is “{value}” for? Choose it too.", value=value))
            return
        if key is None or value is None:
            await _show(interaction, asked_by, self._preferences, key, (Scope.PERSON,))
            return
        change = await _set(self._preferences, asked_by, key, value, Scope.PERSON)
        fresh = await caller(interaction, self._preferences)
        text = confirmation(change, fresh.place, fresh.private, sees_content=self._sees_content)
        await answer_privately(interaction, text)

    @preferences.autocomplete("value")
    async def _values(self, interaction: discord.Interaction[Causerie], typed: str) -> list[Choice[str]]:
        key = getattr(interaction.namespace, "setting", None) or getattr(interaction.namespace, "key", None)
        asked_by = await caller(interaction, self._preferences)
        return _suggestions(key, typed, self._preferences, asked_by, (Scope.PERSON,))


def _usual_scope(setting: Setting[Any] | None) -> Scope:
    """The narrowest that the setting has: the channel, else the server."""
    return Scope.GUILD if setting and Scope.CHANNEL not in setting.scopes else Scope.CHANNEL


async def _set(preferences: Preferences, asked_by: Caller, key: str, typed: str, scope: Scope) -> Change:
    setting = registry.REGISTRY.get(key)
    value = meant(setting, typed) if setting else typed
    return await preferences.set(asked_by.place, asked_by.actor, key, value, scope)


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
    if not lines:
        raise not_offered(registry.REGISTRY.get(key or ""))
    await answer_privately(interaction, "\n".join(lines))


def _line(key: str, resolved: Resolved[Any], _: Words) -> str:
    return f"**{_(LABELS[key])}**: {named(resolved.value, _)} ({_(_SOURCES[resolved.scope])})"


def named(value: Any, _: Words) -> str:
    return _("{n:number}", n=value) if isinstance(value, int) else _(_OPTIONS[value])


def meant(setting: Setting[Any], typed: str) -> str:
    """The value for one of its names: any that I show, in every language that I speak; else what was typed."""
    options = setting.kind.options if isinstance(setting.kind, registry.Choice) else ()
    shown = {option: _OPTIONS[option] for option in options} | {"default": _DEFAULT}
    wanted = folded(typed)
    for value, name in shown.items():
        if wanted in (folded(value), *(folded(words(locale)(name)) for locale in LOCALES)):
            return value
    return typed


def confirmation(change: Change, place: Place, _: Words, *, sees_content: bool) -> str:
    """`sees_content`: whether the bot has the intent without which it cannot answer every message."""
    told = _(
        _told(change),
        label=_(LABELS[change.setting.key]),
        value=f"**{named(change.value, _)}**" if change.value is not None else "",
        effective=f"**{named(change.effective, _)}**",
        where=_(_where(change.scope, place)),
        holder=_(_HOLDERS[change.source]) if change.source in _HOLDERS else "",
    )
    everything = change.setting is registry.REPLY_TO and "everything" in (change.value, change.effective)
    return f"{told} {_(MENTIONS_ONLY)}" if everything and not sees_content else told


def _told(change: Change) -> str:
    if change.value is None and change.source is None:
        return N_("**{label}** is back to its default {where}: {effective}.")
    if change.value is None:
        return N_("**{label}** is no longer set {where}. Here {holder} holds now: {effective}.")
    if change.value != change.effective:
        return N_("**{label}** is now {value} {where}. Here {holder} holds: {effective}.")
    return N_("**{label}** is now {value} {where}.")


def _where(scope: Scope, place: Place) -> str:
    if scope is Scope.PERSON:
        return N_("for you")
    if place.guild_id is None:
        return N_("here")
    if scope is Scope.GUILD:
        return N_("in this server")
    return N_("in this thread") if place.parent_id else N_("in this channel")


def _suggestions(
    key: str | None, typed: str, preferences: Preferences, asked_by: Caller, scopes: tuple[Scope, ...]
) -> list[Choice[str]]:
    """Discord's client sends the first one in place of what was typed: a value is first, and no value gets none."""
    setting = next((each for each in preferences.offered(asked_by.place, scopes) if each.key == key), None)
    if setting is None:
        return []
    offered = _offers(setting, preferences, asked_by.private)
    wanted = folded(typed)
    if not wanted:
        return offered
    whole = _whole(setting, typed, preferences, asked_by.private)
    begun = [each for each in offered if folded(each.name).startswith(wanted) or each.value.startswith(wanted)]
    return [*whole, *(choice for choice in begun if choice not in whole)]


def _whole(setting: Setting[Any], typed: str, preferences: Preferences, _: Words) -> list[Choice[str]]:
    try:
        return [_offer(preferences.parse(setting, meant(setting, typed)), _)]
    except SettingInvalid:
        return []


def _offers(setting: Setting[Any], preferences: Preferences, _: Words) -> list[Choice[str]]:
    bounds = preferences.bounds(setting)
    if isinstance(setting.kind, registry.Choice):
        values: list[Any] = [*setting.kind.options]
    elif bounds is not None:
        least, most = bounds
        values = sorted({least, *(most // part for part in (8, 4, 2, 1) if most // part >= least)})
    else:
        values = []
    return [_offer(value, _) for value in (*values, None)]


def _offer(value: Any, _: Words) -> Choice[str]:
    """None is the way back to the default."""
    if value is None:
        return Choice(name=_(_DEFAULT), value="default")
    return Choice(name=named(value, _), value=str(value))


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Settings(bot))
    await bot.add_cog(Preference(bot))

"""From an error to what its reader is told: what went wrong, and what to do. The most specific class holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import errors
from bot.words import N_, Words

_Explanation = Callable[[Any, Words], str]

_UNFORESEEN = N_("Something went wrong on my side. Please try again.")

_PERMISSIONS = {
    "send_messages": N_("Send Messages"),
    "manage_messages": N_("Manage Messages"),
    "manage_channels": N_("Manage Channels"),
    "manage_guild": N_("Manage Server"),
}

_FIELDS = {
    "name": N_("Name"),
    "instructions": N_("Instructions"),
    "greeting": N_("Greeting"),
    "model": N_("Model"),
    "parameters": N_("Parameters"),
    "temperature": N_("Temperature"),
    "top_p": N_("Top P"),
    "reasoning_effort": N_("Reasoning effort"),
}


def explain(error: BaseException, _: Words) -> str:
    """Of any error; one that nobody foresaw gets a general sentence."""
    for kind in type(error).__mro__:
        if kind in _EXPLANATIONS:
            return _EXPLANATIONS[kind](error, _)
    return _(_UNFORESEEN)


def _says(text: str) -> _Explanation:
    """A sentence whose fields are the error's attributes."""
    return lambda error, _: _(text, **vars(error))


def _rate_limited(error: errors.RateLimited, _: Words) -> str:
    if error.retry_after is None:
        return _("The model's server has too much to do at the moment. Please ask again in a minute.")
    wait = max(1, round(error.retry_after))
    return _("The model's server has too much to do. Please ask again in {wait:duration}.", wait=wait)


def _overloaded(error: errors.Overloaded, _: Words) -> str:
    if error.retry_after is None:
        return _("The model's server has a problem at the moment. Please ask again in a minute.")
    wait = max(1, round(error.retry_after))
    return _("The model's server has a problem. Please ask again in {wait:duration}.", wait=wait)


def _persona_invalid(error: errors.PersonaInvalid, _: Words) -> str:
    field = _(_FIELDS.get(error.field, error.field))
    if error.limit is not None:
        return _("{field} is too long: at most {limit:number} characters.", field=field, limit=error.limit)
    if error.most is not None:
        told = N_("{field} is a number from 0 to {most:number}. “{value}” is not.")
        return _(told, field=field, most=error.most, value=error.value)
    if error.options:
        options = ", ".join(f"`{option}`" for option in error.options)
        return _("{field} is one of {options}. “{value}” is not.", field=field, options=options, value=error.value)
    if not error.value:
        return _("{field} is empty. Please fill it in.", field=field)
    return _(
        "I cannot read “{value}” in {field}. Write for example `temperature=0.7, top_p=1`.",
        field=field,
        value=error.value,
    )


def _setting_invalid(error: errors.SettingInvalid, _: Words) -> str:
    if error.bounds is None:
        return _("“{value}” is not a value for this setting. Choose one of those I suggest.", value=error.value)
    least, most = error.bounds
    told = N_("“{value}” is not a whole number from {least:number} to {most:number}.")
    return _(told, value=error.value, least=least, most=most)


_DATABASE_ADVICE = {
    "unable to open database file": N_("May the bot write in that directory?"),
    "file is not a database": N_("That file is something else: name another one."),
    "Connect call failed": N_("Is the database's server running there?"),
}
"""By what stands in a driver's words."""


def _database_unusable(error: errors.DatabaseUnusable, _: Words) -> str:
    told = _("DATABASE_URL: the database {url} cannot be used: {reason}.", url=error.url, reason=error.reason)
    advice = next((text for words, text in _DATABASE_ADVICE.items() if words in error.reason), None)
    return f"{told} {_(advice)}" if advice else told


def _configuration(error: errors.ConfigurationError, _: Words) -> str:
    return "\n".join(f"{name} {problem}" for name, problem in error.problems)


_EXPLANATIONS: dict[type[BaseException], _Explanation] = {
    errors.ConfigurationError: _configuration,
    errors.TokenRefused: _says(
        N_("DISCORD_TOKEN: Discord refused the token. Make a new one in the developer portal, under Bot.")
    ),
    errors.DiscordUnreachable: _says(
        N_("Discord cannot be reached at {url}: {reason}. Check the network and DISCORD_API_URL.")
    ),
    errors.IntentsRefused: _says(
        N_(
            "Discord refused the message content intent. Switch it on in the developer portal, under Bot, or unset "
            "CAUSERIE_MESSAGE_CONTENT."
        )
    ),
    errors.ModelKeyRefused: _says(N_("OPENAI_API_KEY: the server at {base_url} refused the key.")),
    errors.ModelUnknown: _says(N_("OPENAI_MODEL: the server at {base_url} has no model “{model}”.")),
    errors.ModelSilent: _says(
        N_("OPENAI_BASE_URL: the model's server at {base_url} cannot be reached: {reason}. Is it running there?")
    ),
    errors.ModelAddressWrong: _says(
        N_(
            "OPENAI_BASE_URL: there are no Chat Completions at {base_url}: {reason}. With most servers the address "
            "ends in /v1."
        )
    ),
    errors.DatabaseUnusable: _database_unusable,
    errors.DatabaseNewer: _says(
        N_("The database {url} was written by a newer version (schema {revision}). Update the bot, or use a backup.")
    ),
    errors.HealthPortTaken: _says(N_("HEALTH_PORT: port {port} is in use.")),
    errors.StartupError: _says(N_("The bot cannot start.")),
    errors.KeyRefused: _says(
        N_("The model's server refuses this bot's key. The bot's operator has to give it a valid one.")
    ),
    errors.ModelNotFound: _says(
        N_("The model `{model}` does not exist here. A moderator can choose another with `/persona edit`.")
    ),
    errors.RateLimited: _rate_limited,
    errors.Overloaded: _overloaded,
    errors.QuotaExhausted: _says(
        N_("The bot's account with the model's provider is used up. The bot's operator has to top it up.")
    ),
    errors.Unreachable: _says(N_("The model's server cannot be reached. Please ask again in a minute.")),
    errors.TimedOut: _says(N_("The model took too long to answer. Please ask again.")),
    errors.ContextTooLong: _says(
        N_(
            "This conversation is too long for the model. A moderator can use `/reset` or lower “Tokens of history, "
            "question and answer together” with `/settings set`."
        )
    ),
    errors.RequestRefused: _says(
        N_("The model's server did not accept the question. The bot's operator finds the reason in the log.")
    ),
    errors.EndpointMissing: _says(
        N_("The address of the model's server is wrong. The bot's operator has to correct it.")
    ),
    errors.Malformed: _says(
        N_("The model's server sent something that is no answer. The bot's operator finds it in the log.")
    ),
    errors.ModelError: _says(N_("The model did not answer. Please ask again.")),
    errors.MessageGone: _says(N_("The message is gone.")),
    errors.ChannelGone: _says(N_("The channel is gone.")),
    errors.NotAllowed: _says(
        N_("I am not allowed to write there. I need the permissions View Channel, Send Messages and Read History.")
    ),
    errors.DiscordRefused: _says(N_("Discord did not accept the message. Please try again.")),
    errors.DeliveryError: _says(N_("The answer could not be shown.")),
    errors.PermissionMissing: lambda error, _: _(
        "You need the permission “{permission}” for that.",
        permission=_(_PERMISSIONS.get(str(error.permission), str(error.permission))),
    ),
    errors.GuildOnly: _says(N_("That works on a server only.")),
    errors.PersonalElsewhere: _says(N_("That works on a server only. For yourself, `/preferences` does it.")),
    errors.PersonaNotFound: _says(N_("There is no persona “{name}”. `/persona list` shows those there are.")),
    errors.DraftForgotten: _says(
        N_("I no longer have what you typed. Start again with `/persona create` or `/persona edit`.")
    ),
    errors.PersonaExists: _says(N_("There is a persona “{name}” already. Choose another name.")),
    errors.PersonaReplaced: _says(
        N_(
            "Another persona is called “{name}” now. Rename it with `/persona edit` or delete it with "
            "`/persona delete`, then press Undo again."
        )
    ),
    errors.PersonaShipped: _says(
        N_(
            "“{name}” comes with the bot and can be neither changed nor deleted. Write one of your own with "
            "`/persona create`."
        )
    ),
    errors.PersonaInvalid: _persona_invalid,
    errors.LibraryFull: _says(N_("The library is full: {limit:number} personas are the most. Delete one first.")),
    errors.SettingUnknown: _says(N_("There is no setting “{key}”.")),
    errors.SettingInvalid: _setting_invalid,
    errors.SettingScope: _says(N_("This setting cannot be set there.")),
    errors.FileUnreadable: _says(N_("I read text files of up to 100 kB; `{filename}` I cannot read.")),
    errors.RequestError: _says(_UNFORESEEN),
}

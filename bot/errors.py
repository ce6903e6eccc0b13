"""Everything that can go wrong and that somebody can do something about. Errors carry data; `bot.words` has the text.

CauserieError
├── StartupError               ends the program with its own exit status
│   ├── ConfigurationError     2   settings are missing or wrong
│   ├── TokenRefused           3   Discord refused the bot token
│   ├── DiscordUnreachable     4   no network, or no Discord at that address
│   ├── IntentsRefused         5   a privileged intent is not switched on in the developer portal
│   ├── ModelKeyRefused        6   the model's server refused the API key
│   ├── ModelUnknown           7   the server has no such model
│   ├── DatabaseUnusable       8   cannot be opened or written
│   ├── DatabaseNewer          9   written by a newer version
│   ├── HealthPortTaken        10  the health port is in use
│   ├── ModelSilent            11  the model's server cannot be reached; the doctor alone minds
│   └── ModelAddressWrong      12  there are no Chat Completions at the address; the doctor alone minds
├── ModelError                 a call to the model failed
│   ├── KeyRefused             401, 403
│   ├── ModelNotFound          404
│   ├── RateLimited            429: later
│   ├── QuotaExhausted         429: not until somebody pays
│   ├── Overloaded             500, 502, 503, 529
│   ├── Unreachable            no connection, or one that broke before the first text
│   ├── TimedOut               silence
│   ├── ContextTooLong         400: the prompt does not fit
│   ├── RequestRefused         400, 422: anything else; may name a parameter
│   │   └── EndpointMissing    404, 405: there are no Chat Completions
│   └── Malformed              an answer that is not Chat Completions
├── DeliveryError              an answer cannot be shown
│   ├── MessageGone            the message was deleted
│   ├── ChannelGone            the channel was deleted
│   ├── NotAllowed             a permission is missing
│   └── DiscordRefused         anything else
└── RequestError               somebody asked for what cannot be
    ├── PermissionMissing
    ├── GuildOnly
    │   └── PersonalElsewhere
    ├── PersonaNotFound · PersonaInvalid · PersonaShipped · LibraryFull
    ├── DraftForgotten
    ├── PersonaExists
    │   └── PersonaReplaced
    ├── SettingUnknown · SettingInvalid · SettingScope
    └── FileUnreadable
"""

from __future__ import annotations

from typing import ClassVar


class CauserieError(Exception):
    """The root. Subclasses set their data in `__init__`; `str()` is for logs, never for people."""


class StartupError(CauserieError):
    exit_status: ClassVar[int] = 1


class ConfigurationError(StartupError):
    """`problems` holds one (variable, what is wrong) for each, all of them at once."""

    exit_status = 2

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems))
        self.problems = problems


class TokenRefused(StartupError):
    exit_status = 3


class DiscordUnreachable(StartupError):
    exit_status = 4

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class IntentsRefused(StartupError):
    exit_status = 5


class ModelKeyRefused(StartupError):
    exit_status = 6

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self.base_url = base_url


class ModelUnknown(StartupError):
    exit_status = 7

    def __init__(self, model: str, base_url: str) -> None:
        super().__init__(f"{model} at {base_url}")
        self.model = model
        self.base_url = base_url


class DatabaseUnusable(StartupError):
    exit_status = 8

    def __init__(self, url: str, reason: str) -> None:
        """`url` without its password."""
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class DatabaseNewer(StartupError):
    exit_status = 9

    def __init__(self, url: str, revision: str) -> None:
        super().__init__(f"{url}: revision {revision}")
        self.url = url
        self.revision = revision


class ModelSilent(StartupError):
    exit_status = 11

    def __init__(self, base_url: str, reason: str) -> None:
        super().__init__(f"{base_url}: {reason}")
        self.base_url = base_url
        self.reason = reason


class ModelAddressWrong(StartupError):
    exit_status = 12

    def __init__(self, base_url: str, reason: str) -> None:
        super().__init__(f"{base_url}: {reason}")
        self.base_url = base_url
        self.reason = reason


class HealthPortTaken(StartupError):
    exit_status = 10

    def __init__(self, port: int) -> None:
        super().__init__(str(port))
        self.port = port


class ModelError(CauserieError):
    """`detail` is the server's own message, for the log."""

    def __init__(self, detail: str = "", *, request_id: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.request_id = request_id


class KeyRefused(ModelError):
    pass


class ModelNotFound(ModelError):
    def __init__(self, model: str, detail: str = "", *, request_id: str | None = None) -> None:
        super().__init__(detail, request_id=request_id)
        self.model = model


class RateLimited(ModelError):
    """`retry_after` in seconds, where the server said."""

    def __init__(self, retry_after: float | None, detail: str = "", *, request_id: str | None = None) -> None:
        super().__init__(detail, request_id=request_id)
        self.retry_after = retry_after


class QuotaExhausted(ModelError):
    pass


class Overloaded(ModelError):
    def __init__(self, retry_after: float | None, detail: str = "", *, request_id: str | None = None) -> None:
        super().__init__(detail, request_id=request_id)
        self.retry_after = retry_after


class Unreachable(ModelError):
    pass


class TimedOut(ModelError):
    pass


class ContextTooLong(ModelError):
    pass


class RequestRefused(ModelError):
    """`param` is the parameter that the server named, if it did."""

    def __init__(self, detail: str = "", *, param: str | None = None, request_id: str | None = None) -> None:
        super().__init__(detail, request_id=request_id)
        self.param = param


class EndpointMissing(RequestRefused):
    pass


class Malformed(ModelError):
    pass


class DeliveryError(CauserieError):
    pass


class MessageGone(DeliveryError):
    pass


class ChannelGone(DeliveryError):
    pass


class NotAllowed(DeliveryError):
    pass


class DiscordRefused(DeliveryError):
    """`code` is Discord's JSON error code, 0 where it gave none."""

    def __init__(self, status: int, code: int, detail: str) -> None:
        super().__init__(f"{status} ({code}): {detail}")
        self.status = status
        self.code = code


class RequestError(CauserieError):
    pass


class PermissionMissing(RequestError):
    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class GuildOnly(RequestError):
    pass


class PersonalElsewhere(GuildOnly):
    """What people can set for themselves, where they tried to set it for a server."""


class PersonaNotFound(RequestError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class PersonaExists(RequestError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class PersonaReplaced(PersonaExists):
    """A deleted persona cannot come back: another one has its name by now."""


class PersonaShipped(RequestError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DraftForgotten(RequestError):
    """What was typed into a form that was refused: the bot keeps it only while it runs, and not of everybody."""


class PersonaInvalid(RequestError):
    """`field` is a field of `Persona`; `value` what was typed; `limit` its greatest length where that was passed.

    `most`: of what has to be a number from 0 to it. `options`: of what has to be one of them.
    """

    def __init__(
        self,
        field: str,
        value: str,
        limit: int | None = None,
        *,
        most: int | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{field}: {value!r}")
        self.field = field
        self.value = value
        self.limit = limit
        self.most = most
        self.options = options


class LibraryFull(RequestError):
    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


class SettingUnknown(RequestError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class SettingInvalid(RequestError):
    """`bounds`: the least and the greatest number that can be set, where the setting is one."""

    def __init__(self, key: str, value: str, bounds: tuple[int, int] | None = None) -> None:
        super().__init__(f"{key}: {value!r}")
        self.key = key
        self.value = value
        self.bounds = bounds


class SettingScope(RequestError):
    def __init__(self, key: str, scope: str) -> None:
        super().__init__(f"{key} in {scope}")
        self.key = key
        self.scope = scope


class FileUnreadable(RequestError):
    """No text, too large, or not to be fetched."""

    def __init__(self, filename: str) -> None:
        super().__init__(filename)
        self.filename = filename

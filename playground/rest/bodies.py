"""The bodies of requests, as Discord's reference describes them; what depends on more than one field is in `forms`."""

from __future__ import annotations

from collections.abc import Mapping

from playground.locales import LOCALES
from playground.posting import MAX_CONTENT
from playground.rest import component_shapes
from playground.shapes import (
    ATTACHMENT,
    WEB,
    Each,
    Either,
    Flag,
    Form,
    Given,
    Integer,
    Kinds,
    List,
    Null,
    Number,
    OneOf,
    Shape,
    Snowflake,
    Text,
    Time,
    Unserved,
    Url,
)

MAX_FILES = 10
MAX_EMBEDS, MAX_FIELDS = 10, 25
MAX_NONCE = 25
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
MAX_SLOWMODE = 21600
"""Seconds."""
MAX_TAGS, MAX_TAG_NAME = 20, 20

_Shapes = Mapping[str, Shape]

_DRAWN = Url((*WEB, ATTACHMENT))
_LINKED: _Shapes = {"url": Url(), "icon_url": _DRAWN}
_PICTURE = Form({"url": _DRAWN}, {"description": Text(0, 4096)}, compact=True)
_EMBED = Form(
    {},
    {
        "title": Text(0, 256),
        "description": Text(0, 4096),
        "url": Url(),
        "color": Integer(0, 0xFFFFFF),
        "timestamp": Time(),
        "author": Form({"name": Text(1, 256)}, _LINKED, compact=True),
        "footer": Form({"text": Text(1, 2048)}, {"icon_url": _DRAWN}, compact=True),
        "image": _PICTURE,
        "thumbnail": _PICTURE,
        "fields": List(
            Form(
                {"name": Text(1, 256), "value": Text(1, 1024)},
                {"inline": Flag()},
                compact=True,
                usual={"inline": False},
            ),
            0,
            MAX_FIELDS,
        ),
    },
    compact=True,
)
_IDS = List(Snowflake(), 0, 100, unique=True)
_ALLOWED_MENTIONS = Form(
    {},
    {
        "parse": List(OneOf(("users", "roles", "everyone")), unique=True),
        "users": _IDS,
        "roles": _IDS,
        "replied_user": Flag(),
    },
    compact=True,
)
_ATTACHMENT = Form({"id": Snowflake()}, {"filename": Text(1, 1024), "description": Text(0, 1024)}, compact=True)
_REFERENCE = Form(
    {"message_id": Snowflake()},
    {"type": Unserved(OneOf((0, 1))), "channel_id": Snowflake(), "guild_id": Snowflake(), "fail_if_not_exists": Flag()},
    compact=True,
)

_CARRIED: _Shapes = {
    "content": Text(0, MAX_CONTENT),
    "embeds": List(_EMBED, 0, MAX_EMBEDS),
    "components": component_shapes.IN_MESSAGES,
    "attachments": List(_ATTACHMENT, 0, MAX_FILES),
    "allowed_mentions": _ALLOWED_MENTIONS,
    "flags": Integer(0),
    "tts": Flag(),
    "poll": Unserved(Form()),
}
MESSAGE = Form(
    {},
    {
        **_CARRIED,
        "message_reference": _REFERENCE,
        "nonce": Either((Integer(-(2**63), 2**63 - 1), Text(0, MAX_NONCE))),
        "enforce_nonce": Flag(),
        "sticker_ids": Unserved(List(Snowflake())),
    },
)
ANSWER = Form({}, _CARRIED)
"""To an interaction, or a change of such an answer."""

_CHOICE_NAMES: _Shapes = {"name": Text(1, 100), "value": Either((Number(), Text(0, 100)))}
_MODAL = Form({"custom_id": Text(1, 100), "title": Text(1, 45), "components": component_shapes.IN_MODALS})
CALLBACK = Kinds(
    "type",
    {
        1: Form(),
        4: Form({}, {"data": ANSWER}),
        5: Form({}, {"data": Form({}, {"flags": Integer(0)})}),
        6: Form(),
        7: Form({}, {"data": ANSWER}),
        8: Form({"data": Form({}, {"choices": List(Form(_CHOICE_NAMES), 0, 25)})}),
        9: Form({"data": _MODAL}),
    },
)

_ARCHIVING = OneOf(ARCHIVE_MINUTES)
_SLOWMODE = Integer(0, MAX_SLOWMODE)
_TAGS = List(Snowflake(), 0, MAX_TAGS, unique=True)
_TAG = Form(
    {"name": Text(1, MAX_TAG_NAME)},
    {"id": Snowflake(), "moderated": Flag(), "emoji_id": Snowflake(), "emoji_name": Text(0, 100)},
    compact=True,
)
POST = Form(
    {"name": Text(1, 100), "message": MESSAGE},
    {"auto_archive_duration": _ARCHIVING, "rate_limit_per_user": _SLOWMODE, "applied_tags": _TAGS},
    compact=True,
)
"""A thread of a forum, with the message that it begins with."""
THREAD = Form(
    {"name": Text(1, 100)},
    {
        "auto_archive_duration": _ARCHIVING,
        "rate_limit_per_user": _SLOWMODE,
        "type": OneOf((10, 11, 12)),
        "invitable": Flag(),
    },
)
THREAD_EDIT = Form(
    {},
    {
        "name": Given(Text(1, 100)),
        "archived": Given(Flag()),
        "locked": Given(Flag()),
        "auto_archive_duration": Given(_ARCHIVING),
        "rate_limit_per_user": Given(_SLOWMODE),
        "applied_tags": Given(_TAGS),
        "flags": Given(Integer(0)),
    },
)
_CHANNEL_CHANGES: _Shapes = {
    "name": Given(Text(1, 100)),
    "nsfw": Given(Flag()),
    "position": Given(Integer(0, 2**31 - 1)),
    "rate_limit_per_user": Given(_SLOWMODE),
}
CHANNEL_EDIT = Form({}, {**_CHANNEL_CHANGES, "topic": Text(0, 1024)})
FORUM_EDIT = Form(
    {},
    {
        **_CHANNEL_CHANGES,
        "topic": Text(0, 4096),
        "available_tags": Given(List(_TAG, 0, MAX_TAGS)),
        "flags": Given(Integer(0)),
    },
)
DIRECT = Form({"recipient_id": Snowflake()})
BULK_DELETE = Form({"messages": List(Snowflake(), 2, 100, unique=True)})

_LOCAL_TEXT = Each(LOCALES, Text(1, 100))
# Lengths and letters of names are judged with the commands, which have codes of their own for them.
_NAMES: _Shapes = {"name": Text()}
_TOLD: _Shapes = {
    "description": Text(),
    "name_localizations": _LOCAL_TEXT,
    "description_localizations": _LOCAL_TEXT,
}


def _option(**more: Shape) -> Form:
    return Form(_NAMES, {**_TOLD, "required": Flag(), **more}, compact=True)


def _valued(value: Shape, **more: Shape) -> Form:
    """An option whose values are typed in or chosen."""
    choice = Form({"name": Text(1, 100), "value": value}, {"name_localizations": _LOCAL_TEXT}, compact=True)
    return _option(choices=List(choice, 0, 25), autocomplete=Flag(), **more)


_LENGTH = Integer(0, 6000)
_PLAIN: Mapping[int, Shape] = {
    3: _valued(Text(0, 100), min_length=_LENGTH, max_length=Integer(1, 6000)),
    4: _valued(Integer(), min_value=Integer(), max_value=Integer()),
    5: _option(),
    6: _option(),
    7: _option(channel_types=List(OneOf(component_shapes.CHANNEL_TYPES), unique=True)),
    8: _option(),
    9: _option(),
    10: _valued(Number(), min_value=Number(), max_value=Number()),
    11: _option(),
}
_SUBCOMMAND = _option(options=List(Kinds("type", _PLAIN), 0, 25))
_GROUP = _option(options=List(Kinds("type", {1: _SUBCOMMAND}), 0, 25))
_OPTIONS = List(Kinds("type", {1: _SUBCOMMAND, 2: _GROUP, **_PLAIN}), 0, 25)
COMMAND = Form(
    _NAMES,
    {
        **_TOLD,
        "type": OneOf((1, 2, 3)),
        "options": _OPTIONS,
        "default_member_permissions": Either((Integer(0, 2**54 - 1), Snowflake())),
        "dm_permission": Flag(),
        "handler": Null(),
        "nsfw": Given(Flag()),
        "contexts": List(OneOf((0, 1, 2)), 1, unique=True),
        "integration_types": List(OneOf((0, 1)), 1, unique=True),
    },
    compact=True,
)
COMMANDS = List(COMMAND, 0, 130)

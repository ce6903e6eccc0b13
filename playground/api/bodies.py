"""The bodies and queries of the playground's own API; docs/playground.md describes them to people."""

from __future__ import annotations

from playground.gateway.session import ACTIONS
from playground.locales import LOCALES
from playground.shapes import Anything, Each, Either, Flag, Form, Integer, List, Null, Number, OneOf, Snowflake, Text

MAX_CONTENT = 1_000_000
"""Characters; over 2,000 they become a file."""

_USER = {"user_id": Snowflake()}
_LOCALE = {"locale": OneOf(tuple(sorted(LOCALES)))}
_NAME = {"name": Text(1, 100)}
_FILE = Form({"filename": Text(1, 1024), "content_base64": Text()})
_VALUE = Either((Null(), Flag(), Number(), Text(), _FILE))
_VALUES = Each(None, Either((_VALUE, List(_VALUE, 0, 25))))

BY_USER = Form(_USER)
HISTORY = Form(_USER, {"limit": Snowflake(), "before": Snowflake(), "versions": Text()})
SAY = Form(
    _USER,
    {"content": Text(0, MAX_CONTENT), "reply_to": Snowflake(), "ping": Flag(), "files": List(_FILE, 0, 10)},
    compact=True,
)
EDIT = Form({**_USER, "content": Text(0, MAX_CONTENT)})
REACTION = Form({**_USER, "emoji": Text(1, 100)})
THREAD = Form({**_USER, **_NAME}, {"message_id": Snowflake()}, compact=True)
POST = Form(
    {**_USER, **_NAME},
    {"content": Text(0, MAX_CONTENT), "tags": List(Text(1, 20), 0, 5), "files": List(_FILE, 0, 10)},
    compact=True,
)
OFFERED = Form({**_USER, "channel_id": Snowflake()})
COMMAND = Form({**_USER, **_NAME}, {"options": _VALUES, "target_id": Snowflake()}, compact=True)
AUTOCOMPLETE = Form(
    {**_USER, **_NAME, "option": Text(1, 100)},
    {"value": Either((Number(), Text(0, 6000))), "options": _VALUES},
    compact=True,
)
PRESS = Form(
    {**_USER, "message_id": Snowflake(), "custom_id": Text(1, 100)}, {"values": List(Text(), 0, 25)}, compact=True
)
SUBMIT = Form({**_USER, "interaction_id": Snowflake()}, {"values": _VALUES}, compact=True)
LIMIT = Form({}, {"calls": Integer(), "seconds": Number()})
FAULT = Each(None, Anything())
"""Read by `playground.faults`, as those of a scenario are."""
GATEWAY = Form({"action": OneOf(tuple(ACTIONS))})
GUILD = Form(_NAME, _LOCALE, compact=True)
CHANNEL = Form(_NAME)
PERSON = Form({"name": Text(1, 32)}, {**_LOCALE, "guild_ids": List(Snowflake(), 0, 100)}, compact=True)

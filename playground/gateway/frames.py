"""What a bot sends over the gateway, checked here and nowhere else before anything acts on it.

A frame that is refused ends its connection with one of Discord's close codes: 4001 for an opcode that is none, 4002 for
what cannot be read, 4003 for what only a session may send, 4005 for a second session on one connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.errors import ApiError
from playground.shapes import (
    Anything,
    Each,
    Either,
    Flag,
    Form,
    Integer,
    List,
    Null,
    Number,
    Shape,
    Snowflake,
    Text,
    parsed,
    read,
)

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME, REQUEST_MEMBERS, REQUEST_SOUNDS = 1, 2, 3, 4, 6, 8, 31
MAX_BYTES = 4096
"""Of a frame; Discord's documentation of the gateway gives this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    op: int
    data: Any
    """As the opcode's shape knows it."""


class Closing(Exception):
    """The connection ends with one of Discord's close codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_ANYTHING = Anything()
_OBJECT = Each(None, _ANYTHING)
SHAPES: Mapping[int, Shape] = {
    HEARTBEAT: Either((Null(), Integer())),
    # Which intents and shards there are has close codes of its own.
    IDENTIFY: Form(
        {"token": Text(), "properties": _OBJECT},
        {
            "intents": _ANYTHING,
            "shard": List(Integer()),
            "large_threshold": Integer(),
            "compress": Flag(),
            "presence": _OBJECT,
        },
        compact=True,
    ),
    PRESENCE: Form({"status": Text(), "activities": List(_OBJECT)}, {"since": Number(), "afk": Flag()}),
    VOICE_STATE: Form({"guild_id": Snowflake()}, {"channel_id": Snowflake(), "self_mute": Flag(), "self_deaf": Flag()}),
    RESUME: Form({"token": Text(), "session_id": Text(), "seq": Integer()}),
    REQUEST_MEMBERS: Either(
        (
            Form(
                {"guild_id": Snowflake(), "user_ids": Either((Snowflake(), List(Snowflake())))},
                {"nonce": _ANYTHING, "presences": Flag()},
                compact=True,
            ),
            Form(
                {"guild_id": Snowflake(), "query": Text(), "limit": Integer(0)},
                {"nonce": _ANYTHING, "presences": Flag()},
                compact=True,
            ),
        )
    ),
    REQUEST_SOUNDS: Form({"guild_ids": List(Snowflake())}),
}
_BEGINNING = (IDENTIFY, RESUME)


def frame(raw: str | bytes, *, begun: bool) -> Frame:
    """`begun`: the connection serves a session. Raises Closing where Discord would close."""
    message = _message(raw)
    op = message.get("op")
    if isinstance(op, bool) or not isinstance(op, int) or op not in SHAPES:
        raise Closing(4001, "Unknown opcode.")
    if begun and op in _BEGINNING:
        raise Closing(4005, "Already authenticated.")
    if not begun and op not in (*_BEGINNING, HEARTBEAT):
        raise Closing(4003, "Not authenticated.")
    try:
        return Frame(op=op, data=read(SHAPES[op], message.get("d")))
    except ApiError:
        raise undecodable() from None


def undecodable() -> Closing:
    return Closing(4002, "Error while decoding payload.")


def _message(raw: str | bytes) -> dict[str, Any]:
    # Bytes are another encoding's: only JSON is spoken here.
    if isinstance(raw, bytes) or len(raw.encode()) > MAX_BYTES:
        raise undecodable()
    try:
        message = parsed(raw.encode())
    except ApiError:
        raise undecodable() from None
    if not isinstance(message, dict):
        raise undecodable()
    return message

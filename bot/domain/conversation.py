"""What is said: an incoming message, and the turns that a conversation keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_FILE_BYTES = 100_000
"""A text attachment up to this size is part of the message. Discord itself turns a long paste into `message.txt`."""

MAX_WAITING = 10
"""Runs that may wait in one conversation before a message is declined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a conversation happens. Its key is `channel_id`: a channel, a thread or a DM."""

    channel_id: int
    parent_id: int | None = None
    """The channel that a thread hangs on; its settings hold in the thread too."""
    guild_id: int | None = None
    """None in a DM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    user_id: int
    name: str
    """As shown when they spoke; a later change of name does not rewrite what was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A text attachment whose bytes are kept; its address would expire."""

    filename: str
    media_type: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message that a reply answers, or on which a thread was opened."""

    author: str
    text: str


class Addressing(StrEnum):
    """Why the bot answers a message."""

    MENTION = "mention"
    REPLY = "reply"
    DIRECT = "direct"
    EVERYTHING = "everything"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message addressed to the bot, already free of anything of Discord's."""

    message_id: int
    """For a slash command, the id of the interaction."""
    place: Place
    speaker: Speaker
    text: str
    addressing: Addressing
    quote: Quote | None = None
    files: tuple[File, ...] = ()
    private: bool = False
    """Answered for its asker alone: without history, and no part of it."""
    locale: str | None = None
    """Discord's locale of the reader of public answers: the guild's, in a DM the person's where known."""


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a conversation as it is stored."""

    role: Role
    text: str
    tokens: int
    """Estimated size of the message that the model is sent for it, role and separators included."""
    speaker: Speaker | None = None
    """None for the model's own."""
    quote: Quote | None = None
    files: tuple[File, ...] = ()
    message_ids: tuple[int, ...] = ()
    """Its Discord messages in reading order; none for a private answer."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run's question, one item or several that were said while it waited, and its answer.

    Whole turns enter and leave the window, so that the model never sees an answer without its question.
    """

    run_id: int
    questions: tuple[Item, ...]
    answer: Item | None = None
    prompt_tokens: int | None = None
    """What the server counted for the prompt of this run: everything from the window's start through `questions`."""
    window_start: int | None = None
    """The run with which the window began when this run was sent."""
    prefix_hash: str | None = None
    """Of the model and the prefix it was sent with: `prompt_tokens` says nothing about another."""
    locale: str | None = None
    """In which it was asked."""

    @property
    def tokens(self) -> int:
        return sum(item.tokens for item in self.items)

    @property
    def items(self) -> tuple[Item, ...]:
        return self.questions if self.answer is None else (*self.questions, self.answer)

"""What happens in the world, told to whoever listens: the gateway, the page, those who wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playground.entities import Channel, Guild, Interaction, Json, Member, Message, Modal, Role, User


@dataclass(frozen=True, slots=True)
class Event:
    pass


@dataclass(frozen=True, slots=True)
class GuildJoined(Event):
    guild: Guild


@dataclass(frozen=True, slots=True)
class GuildUpdated(Event):
    guild: Guild


@dataclass(frozen=True, slots=True)
class GuildLeft(Event):
    guild: Guild


@dataclass(frozen=True, slots=True)
class RoleCreated(Event):
    guild: Guild
    role: Role


@dataclass(frozen=True, slots=True)
class RoleUpdated(Event):
    guild: Guild
    role: Role


@dataclass(frozen=True, slots=True)
class MemberJoined(Event):
    member: Member


@dataclass(frozen=True, slots=True)
class MemberUpdated(Event):
    member: Member


@dataclass(frozen=True, slots=True)
class MemberLeft(Event):
    member: Member


@dataclass(frozen=True, slots=True)
class ChannelCreated(Event):
    """Of channels and threads, as the two that follow."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelUpdated(Event):
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDeleted(Event):
    channel: Channel


@dataclass(frozen=True, slots=True)
class MessageCreated(Event):
    message: Message


@dataclass(frozen=True, slots=True)
class MessageEdited(Event):
    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted(Event):
    message: Message
    by: User | None = None
    """None: the bot, of an answer of its own."""


@dataclass(frozen=True, slots=True)
class MessagesDeleted(Event):
    channel: Channel
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class ReactionAdded(Event):
    message: Message
    user: User
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionRemoved(Event):
    message: Message
    user: User
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionsCleared(Event):
    """All of a message's, or all with one emoji."""

    message: Message
    emoji: str | None


@dataclass(frozen=True, slots=True)
class ThreadJoined(Event):
    thread: Channel
    user: User


@dataclass(frozen=True, slots=True)
class ThreadLeft(Event):
    thread: Channel
    user: User


@dataclass(frozen=True, slots=True)
class Typed(Event):
    channel: Channel
    user: User
    at: datetime


@dataclass(frozen=True, slots=True)
class InteractionCreated(Event):
    interaction: Interaction


@dataclass(frozen=True, slots=True)
class InteractionAnswered(Event):
    interaction: Interaction


@dataclass(frozen=True, slots=True)
class InteractionFailed(Event):
    """The bot did not answer within 3 s."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class ModalOpened(Event):
    modal: Modal


@dataclass(frozen=True, slots=True)
class CommandsRegistered(Event):
    guild: Guild | None


@dataclass(frozen=True, slots=True)
class BotConnected(Event):
    pass


@dataclass(frozen=True, slots=True)
class BotDisconnected(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(Event):
    """What Discord's API did not do for the bot."""

    call: str
    """Method and template of the path."""
    status: int | None
    """None: the connection broke instead of an answer."""
    told: Json
    """The body of the answer."""
    faulted: bool
    """On purpose: a fault struck it."""
    channel_id: int | None = None
    message_id: int | None = None
    token: str | None = None
    """Of an interaction."""

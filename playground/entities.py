"""What a Discord consists of. Entities have identity and change; only `World` changes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

TEXT, DM, CATEGORY, ANNOUNCEMENT = 0, 1, 4, 5
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
FORUM = 15
PINNED_POST, REQUIRES_TAG = 1 << 1, 1 << 4
"""Flags of a thread in a forum and of a forum."""

MESSAGE_DEFAULT, MESSAGE_THREAD_CREATED, MESSAGE_REPLY = 0, 18, 19
MESSAGE_COMMAND, MESSAGE_THREAD_STARTER, MESSAGE_MENU = 20, 21, 23
SYSTEM_MESSAGES = (MESSAGE_THREAD_CREATED, MESSAGE_THREAD_STARTER)

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING = 1 << 2, 1 << 5, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 12, 1 << 15


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    id: int
    username: str
    name: str
    """As shown; in any script."""
    bot: bool = False
    locale: str = "en-US"
    takes_dms: bool = True
    absent: bool = False
    """Exists, as the owner of a server does, but nobody plays them."""


@dataclass(slots=True, kw_only=True, eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int
    mentionable: bool = False
    managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwrite:
    """`id` of a role or, if `for_member`, of a user."""

    id: int
    for_member: bool = False
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    guild: Guild
    user: User
    joined_at: datetime
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None

    @property
    def name(self) -> str:
        return self.nick or self.user.name


@dataclass(slots=True, kw_only=True, eq=False)
class Guild:
    id: int
    name: str
    locale: str
    owner_id: int
    joined_at: datetime
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    """Threads too."""

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def threads(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.is_thread]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Of a forum, for its posts."""

    id: int
    name: str
    moderated: bool = False
    """Only who manages threads may apply it."""
    emoji: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """A channel of a guild, a thread, or a direct conversation of two."""

    id: int
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode: int = 0
    """Seconds between two messages of one person; in a forum, between two posts."""
    thread_slowmode: int = 0
    """The slowmode that threads begun here start with."""
    tags: list[Tag] = field(default_factory=list)
    """Of a forum: those to choose from."""
    applied_tags: list[int] = field(default_factory=list)
    """Of a post in a forum, by id."""
    flags: int = 0
    overwrites: list[Overwrite] = field(default_factory=list)
    recipients: tuple[User, ...] = ()
    owner_id: int = 0
    thread_members: dict[int, datetime] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    archive_changed_at: datetime | None = None
    by_id: dict[int, Message] = field(default_factory=dict)
    """Every message here, private ones too, oldest first; deleted ones are gone."""
    sent: int = 0
    """Messages ever, deleted ones too, without private ones and the pointer that a thread begins with."""
    last_message_id: int | None = None
    """Of the newest that was not private, even if it is gone."""
    spoke_at: dict[int, float] = field(default_factory=dict)
    """When each person was last held to the slowmode, on the monotonic clock, by user id."""

    @property
    def guild_id(self) -> int | None:
        return self.guild.id if self.guild else None

    def reference_to(self, message: Message) -> Reference:
        return Reference(message_id=message.id, channel_id=self.id, guild_id=self.guild_id)

    @property
    def messages(self) -> list[Message]:
        """What everyone here sees, oldest first."""
        return [message for message in self.by_id.values() if not message.private]

    @property
    def is_thread(self) -> bool:
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)

    @property
    def is_private_thread(self) -> bool:
        return self.type == PRIVATE_THREAD

    @property
    def is_forum(self) -> bool:
        return self.type == FORUM

    @property
    def is_dm(self) -> bool:
        return self.guild is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: int
    channel_id: int
    filename: str
    content: bytes = field(repr=False)
    content_type: str
    title: str | None = None
    """What the file was called, where `filename` cannot tell."""
    description: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Whom a message pings: what its text names, as far as its sender allowed it and may."""

    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    everyone: bool = False
    replied: User | None = None
    """Pinged as the author of the message replied to; also among `users`."""

    @property
    def anyone(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The message replied to, or that a thread was opened on; it may be gone by now."""

    message_id: int
    channel_id: int
    guild_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a message's text and when it could first be read."""

    content: str
    at: datetime
    elapsed: float
    """The same moment on the monotonic clock, in seconds."""


@dataclass(slots=True, weakref_slot=True, kw_only=True, eq=False)
class Message:
    id: int
    channel: Channel
    author: User
    content: str
    created_at: datetime
    type: int = MESSAGE_DEFAULT
    flags: int = 0
    embeds: list[Json] = field(default_factory=list)
    previews: list[Json] = field(default_factory=list)
    """Embeds that Discord made of its links."""
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    mentions: Mentions = field(default_factory=Mentions)
    reference: Reference | None = None
    nonce: str | int | None = None
    tts: bool = False
    reactions: dict[str, list[User]] = field(default_factory=dict)
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    interaction: Interaction | None = None
    """Whose answer it is."""
    seen_by: User | None = None
    """The only person who sees it; None: everyone."""
    thread: Channel | None = None
    versions: list[Version] = field(default_factory=list)

    @property
    def private(self) -> bool:
        return self.seen_by is not None

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def guild(self) -> Guild | None:
        return self.channel.guild

    def visible_to(self, user: User) -> bool:
        return self.deleted_at is None and (self.seen_by is None or self.seen_by is user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Modal:
    """A form that opened before `user` as the answer to `interaction`."""

    interaction: Interaction
    user: User
    custom_id: str
    title: str
    components: list[Json]


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """Something a person did that the bot must answer within 3 s; its token holds for 15 minutes."""

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    data: Json
    created_at: datetime
    created_elapsed: float
    """On the monotonic clock, in seconds."""
    name: str = ""
    """Of the command, subcommands included."""
    message: Message | None = None
    """That the component used is on, or the modal was opened from."""
    opened_by: Interaction | None = None
    """Of a submitted modal: the interaction whose answer the modal was."""
    answered: int | None = None
    """The callback type given, None before."""
    failed: bool = False
    """Nobody answered in time."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Modal | None = None

    @property
    def messages(self) -> list[Message]:
        """Its answers in order, the first one included unless that changed an older message."""
        first = [self.original] if self.original and self.original.interaction is self else []
        return [message for message in first + self.followups if message.deleted_at is None]

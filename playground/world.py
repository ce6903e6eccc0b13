"""The state of a small Discord and every change to it. A change is told to the listeners before the call returns.

Nothing here asks whether somebody may do it: `posting` and the REST routes do.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable

from playground import events, filenames, permissions
from playground.clock import Clock, SystemClock
from playground.commands import Commands
from playground.entities import (
    DM,
    HAS_THREAD,
    MESSAGE_THREAD_STARTER,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Attachment,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Overwrite,
    Role,
    Tag,
    User,
)
from playground.memory import Memory
from playground.nonces import Nonces
from playground.snowflake import Snowflakes

Listener = Callable[[events.Event], None]

PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15
"""Members, presences, message content."""


class World:
    """One Discord with one application in it, whose bot joins every guild.

    `privileged`: the privileged intents switched on for the application, as a bit set. Without the one for message
    content, REST withholds it as well.
    """

    def __init__(
        self, clock: Clock | None = None, *, bot_name: str = "Causerie", privileged: int = PRIVILEGED_INTENTS
    ) -> None:
        self.clock = clock or SystemClock()
        self.snowflakes = Snowflakes(self.clock)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: dict[int, Interaction] = {}
        self.interactions_by_token: dict[str, Interaction] = {}
        self.privileged = privileged
        self.shards = 1
        """How many the gateway recommends."""
        self.base_url = "http://127.0.0.1"
        """Of this server, as people reach it; the server sets it once its port is known."""
        self.bot_url: str | None = None
        """The same as the bot reached it last, which may be by another name; None before its first call."""
        self.cdn_key = secrets.token_bytes(16)
        self.bot = self.add_user(bot_name, bot=True)
        self.token = _bot_token(self.bot.id)
        self.commands = Commands(self.snowflakes, self.bot.id)
        self._listeners: list[Listener] = []
        self._dms: dict[int, Channel] = {}
        self.nonces = Nonces(self.clock)
        self._memory = Memory(self)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Returns what ends it. Listeners are called in the order of a change's making and must not block."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(self, event: events.Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    # People and guilds

    def add_user(self, name: str, *, locale: str = "en-US", bot: bool = False) -> User:
        user_id = self.snowflakes.next()
        plain = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        user = User(id=user_id, username=plain or f"person{len(self.users)}", name=name, locale=locale, bot=bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, locale: str = "en-US", owner: User | None = None) -> Guild:
        if owner is None:
            owner = self.add_user(f"{name} owner", locale=locale)
            owner.absent = True
        guild_id, now = self.snowflakes.next_guild(), self.clock.now()
        guild = Guild(id=guild_id, name=name, locale=locale, owner_id=owner.id, joined_at=now)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=permissions.EVERYONE, position=0)
        for user in (owner, self.bot):
            guild.members[user.id] = Member(guild=guild, user=user, joined_at=now)
        self.guilds[guild.id] = guild
        self.emit(events.GuildJoined(guild))
        return guild

    def remove_guild(self, guild: Guild) -> None:
        """The bot is removed from it."""
        del self.guilds[guild.id]
        for channel_id in guild.channels:
            self.channels.pop(channel_id, None)
        self.emit(events.GuildLeft(guild))

    def add_role(self, guild: Guild, name: str, granted: int = 0, *, mentionable: bool = False) -> Role:
        role = Role(
            id=self.snowflakes.next(),
            name=name,
            permissions=granted,
            position=len(guild.roles),
            mentionable=mentionable,
        )
        guild.roles[role.id] = role
        self.emit(events.RoleCreated(guild, role))
        return role

    def set_permissions(self, guild: Guild, role: Role, granted: int) -> None:
        role.permissions = granted
        self.emit(events.RoleUpdated(guild, role))

    def join(self, user: User, guild: Guild, roles: Iterable[Role] = ()) -> Member:
        member = guild.members.get(user.id)
        if member is not None:
            member.roles = [*member.roles, *roles]
            self.emit(events.MemberUpdated(member))
            return member
        member = Member(guild=guild, user=user, joined_at=self.clock.now(), roles=list(roles))
        guild.members[user.id] = member
        self.emit(events.MemberJoined(member))
        return member

    def leave(self, user: User, guild: Guild) -> None:
        self.emit(events.MemberLeft(guild.members.pop(user.id)))

    # Channels

    def add_channel(
        self,
        guild: Guild,
        name: str,
        *,
        type: int = TEXT,
        parent: Channel | None = None,
        overwrites: Iterable[Overwrite] = (),
        topic: str | None = None,
        tags: Iterable[Tag] = (),
        flags: int = 0,
    ) -> Channel:
        channel = Channel(
            id=self.snowflakes.next(),
            type=type,
            name=name,
            guild=guild,
            parent=parent,
            position=len(guild.channels),
            topic=topic,
            overwrites=list(overwrites),
            tags=list(tags),
            flags=flags,
        )
        return self._keep(channel)

    def dm(self, user: User) -> Channel:
        """The direct conversation of a person with the bot."""
        if user.id not in self._dms:
            channel = Channel(id=self.snowflakes.next(), type=DM, recipients=(user, self.bot))
            self._dms[user.id] = self._keep(channel)
        return self._dms[user.id]

    def add_thread(
        self,
        parent: Channel,
        name: str,
        owner: User,
        *,
        message: Message | None = None,
        private: bool = False,
        tags: Iterable[int] = (),
        archive_minutes: int,
        slowmode: int | None,
    ) -> Channel:
        now = self.clock.now()
        thread = Channel(
            id=message.id if message else self.snowflakes.next(),
            type=PRIVATE_THREAD if private else PUBLIC_THREAD,
            name=name,
            guild=parent.guild,
            parent=parent,
            owner_id=owner.id,
            thread_members={owner.id: now},
            archive_changed_at=now,
            applied_tags=list(tags),
            auto_archive_minutes=archive_minutes,
            slowmode=parent.thread_slowmode if slowmode is None else slowmode,
        )
        self._keep(thread)
        if message is not None:
            message.thread = thread
            message.flags |= HAS_THREAD
            self.emit(events.MessageEdited(message))
        return thread

    def join_thread(self, thread: Channel, user: User) -> None:
        if user.id not in thread.thread_members:
            thread.thread_members[user.id] = self.clock.now()
            self.emit(events.ThreadJoined(thread, user))

    def leave_thread(self, thread: Channel, user: User) -> None:
        if thread.thread_members.pop(user.id, None) is not None:
            self.emit(events.ThreadLeft(thread, user))

    def set_archived(self, thread: Channel, archived: bool) -> None:
        thread.archived = archived
        thread.archive_changed_at = self.clock.now()
        self.channel_changed(thread)

    def set_overwrites(self, channel: Channel, overwrites: Iterable[Overwrite]) -> None:
        channel.overwrites = list(overwrites)
        self.channel_changed(channel)

    def channel_changed(self, channel: Channel) -> None:
        """To be called after the channel or thread was changed."""
        self.emit(events.ChannelUpdated(channel))

    def remove_channel(self, channel: Channel) -> None:
        """With its threads."""
        self.channels.pop(channel.id)
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id)
            for thread in [thread for thread in channel.guild.threads if thread.parent is channel]:
                self.channels.pop(thread.id)
                channel.guild.channels.pop(thread.id)
        self.emit(events.ChannelDeleted(channel))

    def _keep(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels[channel.id] = channel
        self.emit(events.ChannelCreated(channel))
        return channel

    # Messages

    def add_message(self, message: Message) -> None:
        channel = message.channel
        self._memory.keep_message(message)
        if not message.private:
            channel.last_message_id = message.id
            channel.sent += message.type != MESSAGE_THREAD_STARTER
        self._memory.keep_version(message)
        self.nonces.remember(message)
        if message.channel.is_thread:
            self.join_thread(message.channel, message.author)
        self.emit(events.MessageCreated(message))

    def attach(
        self,
        channel: Channel,
        filename: str,
        content: bytes,
        *,
        description: str | None = None,
        ephemeral: bool = False,
        on: Message | None = None,
    ) -> Attachment:
        """Keeps a file, to be fetched by its link. `on`: the message that an edit gives it to."""
        attachment = Attachment(
            id=self.snowflakes.next(),
            channel_id=channel.id,
            filename=filenames.safe(filename),
            title=filenames.title(filename),
            content=content,
            content_type=filenames.content_type(filename),
            description=description,
            ephemeral=ephemeral,
        )
        self._memory.keep_file(attachment, on)
        return attachment

    def message_edited(self, message: Message, *, shown_as_edited: bool = True) -> None:
        """To be called after the message was changed."""
        if shown_as_edited:
            message.edited_at = self.clock.now()
        self._memory.keep_version(message)
        self.emit(events.MessageEdited(message))

    def delete_message(self, message: Message, by: User | None = None) -> None:
        if message.deleted_at is None:
            self._memory.forget(message)
            self.emit(events.MessageDeleted(message, by))

    def delete_messages(self, messages: Iterable[Message]) -> None:
        """Of one channel, at once: told as one deletion of many even where one alone was still there."""
        gone = tuple(message for message in messages if message.deleted_at is None)
        for message in gone:
            self._memory.forget(message)
        if gone:
            self.emit(events.MessagesDeleted(gone[0].channel, gone))

    def react(self, message: Message, user: User, emoji: str) -> None:
        people = message.reactions.setdefault(emoji, [])
        if user not in people:
            people.append(user)
            self.emit(events.ReactionAdded(message, user, emoji))

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        people = message.reactions.get(emoji, [])
        if user in people:
            people.remove(user)
            if not people:
                del message.reactions[emoji]
            self.emit(events.ReactionRemoved(message, user, emoji))

    def clear_reactions(self, message: Message, emoji: str | None = None) -> None:
        """All of them, or those with one emoji."""
        if emoji is None:
            message.reactions.clear()
        elif message.reactions.pop(emoji, None) is None:
            return
        self.emit(events.ReactionsCleared(message, emoji))

    def type(self, channel: Channel, user: User) -> None:
        self.emit(events.Typed(channel, user, self.clock.now()))


def _bot_token(bot_id: int) -> str:
    """Of the form of real ones, since programs check it."""
    owner = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{owner}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(29)[:38]}"

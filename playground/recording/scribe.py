"""Writes a world's events down as they happen.

Lines hold texts, files and embeds by reference, as the world itself keeps them, and become JSON when somebody asks for
it. What happened long ago is not kept whole (`playground.recording.keeping`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from playground import events
from playground.entities import (
    MESSAGE_COMMAND,
    MESSAGE_DEFAULT,
    MESSAGE_MENU,
    MESSAGE_REPLY,
    Channel,
    Guild,
    Interaction,
    Json,
    Member,
    Message,
    Role,
    User,
)
from playground.recording import deeds
from playground.recording.files import FORMAT, VERSION, kept, written
from playground.recording.keeping import Lines
from playground.recording.names import CHANNEL, GUILD, INTERACTION, MESSAGE, ROLE, USER, Names
from playground.world import World

SPOKEN = (MESSAGE_DEFAULT, MESSAGE_REPLY, MESSAGE_COMMAND, MESSAGE_MENU)
"""Types of messages that somebody wrote; others appear by themselves."""

_ANSWERS = {4: "message", 5: "promise", 6: "promised change", 7: "change", 8: "choices", 9: "form"}

_TOLD = ("message", "code", "retry_after", "global")
"""Of the body of a refusal."""

Reader = Callable[[Json], None]


def answered(interaction: Interaction) -> str:
    """By what kind of callback; to be asked once there was one."""
    return _ANSWERS[interaction.answered or 0]


def _with_files(message: Message, state: Json) -> Json:
    """Files in place of their ids: lines alone hold them, since those forget."""
    return state | {"files": [kept(file) for file in message.attachments]} if "files" in state else state


class Recording:
    def __init__(self, world: World) -> None:
        self._world = world
        self._names = Names(world.bot.id)
        self._started = world.clock.monotonic()
        self._shown: WeakKeyDictionary[Message, Json] = WeakKeyDictionary()
        """Every message as it was last written down, for as long as the world keeps it."""
        self._readers: list[Reader] = []
        self._header: Json = {
            "format": FORMAT,
            "version": VERSION,
            "started": world.clock.now().isoformat(timespec="seconds"),
            "bot": world.bot.name,
        }
        self._lines = Lines()
        world.subscribe(self._hear)

    @property
    def header(self) -> Json:
        """With how many lines were left out, where some were."""
        left_out = self._lines.left_out
        return {**self._header, "left_out": left_out} if left_out else self._header

    @property
    def lines(self) -> list[Json]:
        return list(self._lines)

    @property
    def text(self) -> str:
        """As a file."""
        return "".join(map(written, (self.header, *self.lines)))

    def follow(self, reader: Reader) -> Callable[[], None]:
        """Tells the reader the header and every line, those so far at once. Returns what ends it."""
        for line in (self.header, *self.lines):
            reader(line)
        self._readers.append(reader)
        return lambda: self._readers.remove(reader)

    def _write(self, event: str, **fields: object) -> None:
        """Fields that are None are left out."""
        given = {key: value for key, value in fields.items() if value is not None}
        line = {"at": round(self._world.clock.monotonic() - self._started, 3), "event": event, **given}
        # They get it whole; what is kept may lose its files at once.
        for reader in tuple(self._readers):
            reader(line)
        self._lines.add(line)

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.MessageCreated(message):
                self._said(message)
            case events.MessageEdited(message):
                self._edited(message)
            case events.MessageDeleted(message):
                self._deleted((message,), event.by)
            case events.MessagesDeleted(_, messages):
                self._deleted(messages, None)
            case events.Typed(channel, user):
                self._write("typed", by=self._user(user), channel=self._channel(channel))
            case events.ReactionAdded(message, user, emoji):
                self._write("reacted", by=self._user(user), emoji=emoji, **self._on(message))
            case events.ReactionRemoved(message, user, emoji):
                self._write("unreacted", by=self._user(user), emoji=emoji, **self._on(message))
            case events.InteractionCreated(interaction):
                self._asked(interaction)
            case events.InteractionAnswered(interaction):
                self._answered(interaction)
            case events.InteractionFailed(interaction):
                self._write("failed", interaction=self._names.of(INTERACTION, interaction.id))
            case events.CallRefused():
                self._refused(event)
            case _:
                self._hear_of_the_world(event)

    def _hear_of_the_world(self, event: events.Event) -> None:
        match event:
            case events.GuildJoined(guild):
                self._guild(guild)
            case events.RoleCreated(guild, role) | events.RoleUpdated(guild, role):
                self._role(guild, role)
            case events.MemberJoined(member) | events.MemberUpdated(member):
                self._member(member)
            case events.MemberLeft(member):
                self._write("left", member=self._user(member.user), server=self._guild_name(member.guild))
            case events.ChannelCreated(channel):
                self._opened(channel)
            case events.BotConnected():
                self._write("online")
            case events.BotDisconnected():
                self._write("offline")
            case _:
                pass

    # Messages

    def _said(self, message: Message) -> None:
        if message.type not in SPOKEN:
            return
        interaction, replied = message.interaction, message.reference
        self._shown[message] = shown = self._state(message)
        self._write(
            "said",
            by=self._user(message.author),
            **self._on(message),
            to=self._names.find(MESSAGE, replied.message_id) if replied else None,
            ping=message.mentions.replied is not None if replied else None,
            answers=self._names.of(INTERACTION, interaction.id) if interaction else None,
            **{"for": self._user(message.seen_by) if message.seen_by else None},
            **_with_files(message, {key: value for key, value in shown.items() if value or key == "text"}),
        )

    def _edited(self, message: Message) -> None:
        """Writes what changed: many edits of a message with a file need not repeat the file."""
        before, now = self._shown.get(message), self._state(message)
        if before is not None and before != now:
            self._shown[message] = now
            changed = _with_files(message, {key: value for key, value in now.items() if value != before[key]})
            self._write("edited", by=self._user(message.author), **self._on(message), **changed)

    def _state(self, message: Message) -> Json:
        return {
            "text": self._names.text(message.content),
            "files": [file.id for file in message.attachments],
            "embeds": message.embeds,
            "layout": [self._names.text(text) for text in deeds.texts(message)],
            "buttons": deeds.buttons(message),
            "loading": message.loading,
        }

    def _deleted(self, messages: tuple[Message, ...], by: User | None) -> None:
        named = [self._message(message) for message in messages if message in self._shown]
        if named:
            place = self._channel(messages[0].channel)
            self._write("deleted", by=self._user(by or self._world.bot), channel=place, messages=named)

    # Interactions

    def _asked(self, interaction: Interaction) -> None:
        kind, about = deeds.described(self._world, interaction, self._names)
        name = self._names.of(INTERACTION, interaction.id)
        place = self._channel(interaction.channel)
        self._write(kind, by=self._user(interaction.user), interaction=name, channel=place, **about)

    def _answered(self, interaction: Interaction) -> None:
        name = self._names.of(INTERACTION, interaction.id)
        title = interaction.modal.title if interaction.modal else None
        self._write("answered", interaction=name, kind=answered(interaction), title=title)

    def _refused(self, refused: events.CallRefused) -> None:
        told = {key: refused.told[key] for key in _TOLD if refused.told.get(key)}
        place = self._names.find(CHANNEL, refused.channel_id) if refused.channel_id else None
        faulted = refused.faulted or None
        self._write("refused", status=refused.status, call=refused.call, channel=place, faulted=faulted, **told)

    # The world

    def _guild(self, guild: Guild) -> None:
        name = self._names.of(GUILD, guild.id)
        self._names.share(ROLE, guild.id, name)
        owner = self._world.users.get(guild.owner_id)
        present = self._user(owner) if owner and not owner.absent else None
        granted = str(guild.everyone.permissions)
        self._write("server", server=name, name=guild.name, locale=guild.locale, owner=present, permissions=granted)
        for role in guild.roles.values():
            if role.id != guild.id:
                self._role(guild, role)

    def _guild_name(self, guild: Guild) -> str:
        return self._names.of(GUILD, guild.id)

    def _role(self, guild: Guild, role: Role) -> None:
        self._write(
            "role",
            role=self._names.of(ROLE, role.id),
            server=self._guild_name(guild),
            name=role.name,
            permissions=str(role.permissions),
            mentionable=role.mentionable or None,
        )

    def _member(self, member: Member) -> None:
        roles = [self._names.of(ROLE, role.id) for role in member.roles]
        self._write("member", member=self._user(member.user), server=self._guild_name(member.guild), roles=roles)

    def _opened(self, channel: Channel) -> None:
        by = self._world.users.get(channel.owner_id) if channel.is_thread else None
        on = channel.parent.by_id.get(channel.id) if channel.parent and channel.is_thread else None
        person = next((user for user in channel.recipients if not user.bot), None)
        self._write(
            "thread" if channel.is_thread else "channel",
            by=self._user(by) if by else None,
            channel=self._names.of(CHANNEL, channel.id),
            name=channel.name or None,
            type=channel.type,
            server=self._guild_name(channel.guild) if channel.guild else None,
            parent=self._channel(channel.parent) if channel.parent else None,
            on=self._message(on) if on else None,
            topic=channel.topic,
            person=self._user(person) if person else None,
            overwrites=list(self._overwrites(channel)) or None,
        )

    def _overwrites(self, channel: Channel) -> Iterator[Json]:
        for each in channel.overwrites:
            of = self._names.of(USER if each.for_member else ROLE, each.id)
            yield {"of": of, "allow": str(each.allow), "deny": str(each.deny)}

    # Names

    def _user(self, user: User) -> str:
        """Introduced by a line of their own, since people come into a world unannounced."""
        known = self._names.find(USER, user.id)
        if known is None:
            known = self._names.of(USER, user.id)
            self._write("person", person=known, name=user.name, locale=user.locale)
        return known

    def _channel(self, channel: Channel) -> str:
        return self._names.of(CHANNEL, channel.id)

    def _on(self, message: Message) -> Json:
        return {"message": self._message(message), "channel": self._channel(message.channel)}

    def _message(self, message: Message) -> str:
        return self._names.of(MESSAGE, message.id)

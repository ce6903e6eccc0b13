"""From what happens in the world to what the gateway sends: under which intent, to which shard, with which fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playground import events, payloads, permissions, sight
from playground.entities import Channel, Guild, Json, Message, User
from playground.world import World

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_REACTIONS = 1 << 10
GUILD_MESSAGE_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_MESSAGE_REACTIONS = 1 << 13
DIRECT_MESSAGE_TYPING = 1 << 14
MESSAGE_CONTENT = sight.MESSAGE_CONTENT

ANY = 0

EVENTS = (
    *("CHANNEL_CREATE", "CHANNEL_DELETE", "CHANNEL_UPDATE"),
    *("GUILD_CREATE", "GUILD_DELETE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_MEMBER_UPDATE"),
    *("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_UPDATE", "INTERACTION_CREATE"),
    *("MESSAGE_CREATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "MESSAGE_UPDATE"),
    *("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL"),
    *("MESSAGE_REACTION_REMOVE_EMOJI", "THREAD_CREATE", "THREAD_DELETE", "THREAD_MEMBERS_UPDATE", "THREAD_UPDATE"),
    "TYPING_START",
)
"""Names of all that is dispatched of the world's changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    name: str
    intent: int
    """Needed to get it; `ANY` for none."""
    guild_id: int | None
    """None: direct, for shard 0."""
    data: Callable[[int, int], Json]
    """By the session's intents and large_threshold."""

    def concerns(self, intents: int, shard: tuple[int, int]) -> bool:
        if self.intent and not intents & self.intent:
            return False
        return shard_of(self.guild_id, shard[1]) == shard[0]


def shard_of(guild_id: int | None, count: int) -> int:
    return 0 if guild_id is None else (guild_id >> 22) % count


def guild_create(world: World, guild: Guild, intents: int, *, at_start: bool, large: int) -> Json:
    """Without the presences intent, or with more than `large` members, only the bot's own membership is sent along."""
    bot = world.bot
    is_large = len(guild.members) > large
    everyone = intents & GUILD_PRESENCES and not is_large
    members = guild.members.values() if everyone else [guild.members[bot.id]]
    seen = [thread for thread in guild.threads if not thread.archived and _sees(world, thread)]
    shown: Json = {
        **payloads.guild(guild),
        "joined_at": payloads.time(guild.joined_at),
        "large": is_large,
        "member_count": len(guild.members),
        "members": [payloads.member(member) for member in members],
        "channels": [payloads.channel(channel, bot) for channel in guild.channels.values() if not channel.is_thread],
        "threads": [payloads.channel(thread, bot) for thread in seen],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
    return {**shown, "unavailable": False} if at_start else shown


class Dispatcher:
    def __init__(self, world: World) -> None:
        self._world = world

    def dispatches(self, event: events.Event) -> list[Dispatch]:
        match event:
            case events.InteractionCreated(interaction):
                guild = interaction.channel.guild
                return [self._made("INTERACTION_CREATE", ANY, guild, payloads.interaction(self._world, interaction))]
            case events.ChannelCreated() | events.ChannelUpdated() | events.ChannelDeleted():
                return self._channel(event)
            case events.MessageCreated() | events.MessageEdited():
                return self._message(event)
            case events.MessageDeleted() | events.MessagesDeleted():
                return self._deletion(event)
            case events.ReactionAdded() | events.ReactionRemoved():
                return self._reaction(event)
            case events.ReactionsCleared(message, emoji):
                return self._cleared(message, emoji)
            case events.ThreadJoined(thread, user) | events.ThreadLeft(thread, user):
                return self._thread_member(thread, user, joined=isinstance(event, events.ThreadJoined))
            case events.Typed(channel, user, at):
                return self._typed(channel, user, int(at.timestamp()))
            case _:
                return self._guild(event)

    def _guild(self, event: events.Event) -> list[Dispatch]:
        match event:
            case events.GuildJoined(guild):
                make = self._creation(guild)
                return [Dispatch(name="GUILD_CREATE", intent=GUILDS, guild_id=guild.id, data=make)]
            case events.GuildUpdated(guild):
                return [self._made("GUILD_UPDATE", GUILDS, guild, payloads.guild(guild))]
            case events.GuildLeft(guild):
                return [self._made("GUILD_DELETE", GUILDS, guild, {"id": str(guild.id)})]
            case events.RoleCreated(guild, role):
                return [self._made("GUILD_ROLE_CREATE", GUILDS, guild, _in(guild, {"role": payloads.role(role)}))]
            case events.RoleUpdated(guild, role):
                return [self._made("GUILD_ROLE_UPDATE", GUILDS, guild, _in(guild, {"role": payloads.role(role)}))]
            case _:
                return self._member(event)

    def _creation(self, guild: Guild) -> Callable[[int, int], Json]:
        return lambda intents, large: guild_create(self._world, guild, intents, at_start=False, large=large)

    def _member(self, event: events.Event) -> list[Dispatch]:
        match event:
            case events.MemberJoined(member):
                shown = _in(member.guild, payloads.member(member))
                return [self._made("GUILD_MEMBER_ADD", GUILD_MEMBERS, member.guild, shown)]
            case events.MemberUpdated(member):
                intent = GUILDS if member.user is self._world.bot else GUILD_MEMBERS
                shown = _in(member.guild, payloads.member(member))
                return [self._made("GUILD_MEMBER_UPDATE", intent, member.guild, shown)]
            case events.MemberLeft(member):
                shown = _in(member.guild, {"user": payloads.user(member.user)})
                return [self._made("GUILD_MEMBER_REMOVE", GUILD_MEMBERS, member.guild, shown)]
            case _:
                return []

    def _channel(self, event: events.ChannelCreated | events.ChannelUpdated | events.ChannelDeleted) -> list[Dispatch]:
        channel = event.channel
        if channel.guild is None or (channel.is_thread and not _sees(self._world, channel)):
            return []
        kind = "THREAD" if channel.is_thread else "CHANNEL"
        shown = payloads.channel(channel, self._world.bot)
        match event:
            case events.ChannelCreated():
                fresh = {"newly_created": True} if channel.is_thread else {}
                return [self._made(f"{kind}_CREATE", GUILDS, channel.guild, shown | fresh)]
            case events.ChannelUpdated():
                return [self._made(f"{kind}_UPDATE", GUILDS, channel.guild, shown)]
            case events.ChannelDeleted():
                kept = ("id", "guild_id", "parent_id", "type") if channel.is_thread else tuple(shown)
                return [self._made(f"{kind}_DELETE", GUILDS, channel.guild, {key: shown[key] for key in kept})]

    def _message(self, event: events.MessageCreated | events.MessageEdited) -> list[Dispatch]:
        message = event.message
        name = "MESSAGE_CREATE" if isinstance(event, events.MessageCreated) else "MESSAGE_UPDATE"
        if message.private:
            # Discord treats private messages as direct ones: no guild, no member.
            return [self._made(name, DIRECT_MESSAGES, None, payloads.message(self._world, message))]
        if not _sees(self._world, message.channel):
            return []
        return [
            Dispatch(
                name=name,
                intent=GUILD_MESSAGES if message.guild else DIRECT_MESSAGES,
                guild_id=message.channel.guild_id,
                data=self._written(message),
            )
        ]

    def _written(self, message: Message) -> Callable[[int, int], Json]:
        # Built now, once for each kind of sight: the message may have changed again when a session reads it.
        everything = self._framed(message, sight.message(self._world, message, MESSAGE_CONTENT))
        little = self._framed(message, sight.message(self._world, message, 0))
        return lambda intents, _: everything if intents & MESSAGE_CONTENT else little

    def _framed(self, message: Message, shown: Json) -> Json:
        if message.guild is None:
            return shown
        member = message.guild.members.get(message.author.id)
        if member is not None and message.interaction is None:
            shown["member"] = payloads.bare_member(member)
        shown["mentions"] = [self._mentioned(message.guild, user) for user in message.mentions.users]
        return _in(message.guild, shown)

    def _mentioned(self, guild: Guild, user: User) -> Json:
        member = guild.members.get(user.id)
        shown = payloads.user(user)
        return {**shown, "member": payloads.bare_member(member)} if member else shown

    def _deletion(self, event: events.MessageDeleted | events.MessagesDeleted) -> list[Dispatch]:
        private = isinstance(event, events.MessageDeleted) and event.message.private
        channel = event.message.channel if isinstance(event, events.MessageDeleted) else event.channel
        if not private and not _sees(self._world, channel):
            return []
        guild = None if private else channel.guild
        intent = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        about = _in(guild, {"channel_id": str(channel.id)})
        if isinstance(event, events.MessageDeleted):
            return [self._made("MESSAGE_DELETE", intent, guild, {"id": str(event.message.id), **about})]
        ids = [str(message.id) for message in event.messages]
        return [self._made("MESSAGE_DELETE_BULK", intent, guild, {"ids": ids, **about})]

    def _reaction(self, event: events.ReactionAdded | events.ReactionRemoved) -> list[Dispatch]:
        message, user = event.message, event.user
        if not _sees(self._world, message.channel):
            return []
        guild = message.guild
        shown: Json = {
            "user_id": str(user.id),
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "emoji": payloads.emoji(event.emoji),
            "burst": False,
            "type": 0,
        }
        name = "MESSAGE_REACTION_REMOVE"
        if isinstance(event, events.ReactionAdded):
            name = "MESSAGE_REACTION_ADD"
            shown["message_author_id"] = str(message.author.id)
            if guild is not None and user.id in guild.members:
                shown["member"] = payloads.member(guild.members[user.id])
        intent = GUILD_MESSAGE_REACTIONS if guild else DIRECT_MESSAGE_REACTIONS
        return [self._made(name, intent, guild, _in(guild, shown))]

    def _cleared(self, message: Message, emoji: str | None) -> list[Dispatch]:
        guild = message.guild
        shown = _in(guild, {"channel_id": str(message.channel.id), "message_id": str(message.id)})
        intent = GUILD_MESSAGE_REACTIONS if guild else DIRECT_MESSAGE_REACTIONS
        if emoji is None:
            return [self._made("MESSAGE_REACTION_REMOVE_ALL", intent, guild, shown)]
        shown["emoji"] = payloads.emoji(emoji)
        return [self._made("MESSAGE_REACTION_REMOVE_EMOJI", intent, guild, shown)]

    def _thread_member(self, thread: Channel, user: User, *, joined: bool) -> list[Dispatch]:
        if not _sees(self._world, thread) and user is not self._world.bot:
            return []
        own = user is self._world.bot
        shown = _in(thread.guild, {"id": str(thread.id), "member_count": len(thread.thread_members)})
        if joined:
            shown["added_members"] = [self._added(thread, user)]
        else:
            shown["removed_member_ids"] = [str(user.id)]
        told = self._made("THREAD_MEMBERS_UPDATE", GUILDS if own else GUILD_MEMBERS, thread.guild, shown)
        if not (own and joined and thread.is_private_thread):
            return [told]
        # Until now the thread was hidden from the bot.
        created = self._made("THREAD_CREATE", GUILDS, thread.guild, payloads.channel(thread, self._world.bot))
        return [created, told]

    def _added(self, thread: Channel, user: User) -> Json:
        shown = payloads.thread_member(thread, user.id)
        member = thread.guild.members.get(user.id) if thread.guild else None
        return {**shown, "member": payloads.member(member), "presence": None} if member else shown

    def _typed(self, channel: Channel, user: User, timestamp: int) -> list[Dispatch]:
        if not _sees(self._world, channel):
            return []
        guild = channel.guild
        shown: Json = {"channel_id": str(channel.id), "user_id": str(user.id), "timestamp": timestamp}
        if guild is not None and user.id in guild.members:
            shown["member"] = payloads.member(guild.members[user.id])
        intent = GUILD_MESSAGE_TYPING if guild else DIRECT_MESSAGE_TYPING
        return [self._made("TYPING_START", intent, guild, _in(guild, shown))]

    def _made(self, name: str, intent: int, guild: Guild | None, data: Json) -> Dispatch:
        return Dispatch(name=name, intent=intent, guild_id=guild.id if guild else None, data=lambda *_: data)


def _sees(world: World, channel: Channel) -> bool:
    return permissions.allows(world.bot, channel, permissions.VIEW_CHANNEL)


def _in(guild: Guild | None, data: Json) -> Json:
    return data if guild is None else {**data, "guild_id": str(guild.id)}

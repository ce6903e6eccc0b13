"""Who may do what in a channel: roles first, then the channel's overwrites, in Discord's order.

Everyone's role and a member's own roles are united; the owner and administrators may do everything. Then the
channel's overwrites change that: first the one for everyone, then all those for the member's roles taken together
(denials before allowances), last the member's own. Threads have the permissions of their parent. Who cannot see a
channel can do nothing in it; who cannot send cannot attach, embed or ping everyone either.
"""

from __future__ import annotations

from collections.abc import Iterable

from playground.entities import Channel, Guild, Member, Overwrite, User

CREATE_INSTANT_INVITE = 1 << 0
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
SEND_TTS_MESSAGES = 1 << 12
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
CHANGE_NICKNAME = 1 << 26
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
USE_EXTERNAL_STICKERS = 1 << 37
SEND_MESSAGES_IN_THREADS = 1 << 38
USE_EMBEDDED_ACTIVITIES = 1 << 39
SEND_VOICE_MESSAGES = 1 << 46
SEND_POLLS = 1 << 49
USE_EXTERNAL_APPS = 1 << 50
PIN_MESSAGES = 1 << 51
BYPASS_SLOWMODE = 1 << 52

ALL = (1 << 53) - 1
EVERYONE = (
    CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_EXTERNAL_STICKERS
    | SEND_MESSAGES_IN_THREADS
    | USE_EMBEDDED_ACTIVITIES
    | SEND_VOICE_MESSAGES
    | SEND_POLLS
    | USE_EXTERNAL_APPS
)
"""What a new guild gives everyone."""
IN_DM = (
    ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | USE_APPLICATION_COMMANDS
    | SEND_VOICE_MESSAGES
    | SEND_POLLS
    | PIN_MESSAGES
)
_NEEDS_SENDING = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS


def named(names: Iterable[str]) -> int:
    """Of constants here, in lower case: `named(["manage_messages"])`. Raises KeyError for an unknown one."""
    granted = 0
    for name in names:
        granted |= int(globals()[name.upper()])
    return granted


def in_guild(guild: Guild, member: Member) -> int:
    """Without any channel's overwrites."""
    if guild.owner_id == member.user.id:
        return ALL
    granted = guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    return ALL if granted & ADMINISTRATOR else granted


def in_channel(user: User, channel: Channel) -> int:
    if channel.guild is None:
        return IN_DM if user in channel.recipients else 0
    member = channel.guild.members.get(user.id)
    if member is None:
        return 0
    granted = in_guild(channel.guild, member)
    if granted != ALL:
        granted = _overwritten(granted, channel.parent if channel.is_thread and channel.parent else channel, member)
    return _in_private_thread(_implied(granted), channel, user)


def allows(user: User, channel: Channel, permission: int) -> bool:
    return in_channel(user, channel) & permission == permission


def _overwritten(granted: int, channel: Channel, member: Member) -> int:
    by_id = {overwrite.id: overwrite for overwrite in channel.overwrites}
    role_ids = {role.id for role in member.roles}
    everyone = by_id.get(member.guild.id)
    granted = _apply(granted, [everyone] if everyone else [])
    granted = _apply(granted, [by_id[role_id] for role_id in role_ids if role_id in by_id])
    own = by_id.get(member.user.id)
    return _apply(granted, [own] if own else [])


def _apply(granted: int, overwrites: Iterable[Overwrite]) -> int:
    allow = deny = 0
    for overwrite in overwrites:
        allow |= overwrite.allow
        deny |= overwrite.deny
    return granted & ~deny | allow


def _implied(granted: int) -> int:
    if not granted & VIEW_CHANNEL:
        return 0
    return granted if granted & SEND_MESSAGES else granted & ~_NEEDS_SENDING


def _in_private_thread(granted: int, channel: Channel, user: User) -> int:
    if not channel.is_private_thread or granted & MANAGE_THREADS or user.id in channel.thread_members:
        return granted
    return 0

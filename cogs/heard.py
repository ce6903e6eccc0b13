"""A Discord message as the bot hears it: who is addressed, what is said in plain words, which files can be read."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import aiohttp
import discord
import structlog

from bot.domain.conversation import MAX_FILE_BYTES, Addressing, File, Place, Quote

log = structlog.get_logger(__name__)

_TEXT_TYPES = re.compile(
    r"text/.+|application/(json|xml|(x-)?yaml|toml|sql|(x-)?javascript|x-sh|x-python|x-ndjson|csv)|.+\+(json|xml)"
)
_UNTYPED = ("", "application/octet-stream")
FETCH_SECONDS = 10.0
_UNFETCHED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
_MENTION = re.compile(r"<(?P<kind>@!?|@&|#)(?P<id>\d+)>|<a?:(?P<emoji>\w+):\d+>")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class Files:
    read: tuple[File, ...]
    skipped: tuple[str, ...]
    """Names of those that are no text, too large, or could not be fetched."""


def addressing(message: discord.Message, me: discord.ClientUser, everything: bool) -> Addressing | None:
    """None: not for the bot. @everyone and @here address nobody."""
    if isinstance(message.channel, discord.DMChannel):
        return Addressing.DIRECT
    if re.search(f"<@!?{me.id}>", message.content):
        return Addressing.MENTION
    replied = replied_message(message)
    if replied is not None and replied.author.id == me.id:
        return Addressing.REPLY
    return Addressing.EVERYTHING if everything else None


def replied_message(message: discord.Message) -> discord.Message | None:
    """The message that this one answers, as far as Discord sent it along."""
    reference = message.reference
    if reference is None or message.type is not discord.MessageType.reply:
        return None
    resolved = reference.resolved
    return resolved if isinstance(resolved, discord.Message) else None


def unreadable(message: discord.Message, sees_content: bool) -> bool:
    """Discord withholds everything but the envelope from a bot without the message content intent."""
    direct = isinstance(message.channel, discord.DMChannel)
    return not (sees_content or direct or message.content or message.attachments or message.stickers)


def plain(message: discord.Message, me: discord.ClientUser) -> str:
    """The text without the bot's own mention; other mentions and custom emoji by name."""
    names = {user.id: user.display_name for user in message.mentions}

    def name(found: re.Match[str]) -> str:
        if found["emoji"]:
            return f":{found['emoji']}:"
        target = int(found["id"])
        if found["kind"].startswith("@") and target == me.id:
            return ""
        return _name(message.guild, found["kind"], target, names) or found[0]

    return _MENTION.sub(name, message.content).strip()


def _name(guild: discord.Guild | None, kind: str, target: int, names: dict[int, str]) -> str | None:
    if kind == "#":
        channel = guild.get_channel_or_thread(target) if guild else None
        return f"#{channel.name}" if channel else None
    if kind == "@&":
        role = guild.get_role(target) if guild else None
        return f"@{role.name}" if role else None
    return f"@{names[target]}" if target in names else None


def quote(message: discord.Message, me: discord.ClientUser) -> Quote | None:
    """None where its text is withheld or empty."""
    text = plain(message, me)
    return Quote(author=message.author.display_name, text=text) if text else None


def may_be_text(attachment: discord.Attachment) -> bool:
    """By its type. Discord gives none to `.toml`, `.log` and many more: what is in them tells."""
    media_type = _media_type(attachment)
    typed = media_type in _UNTYPED or _TEXT_TYPES.fullmatch(media_type)
    return bool(typed) and attachment.size <= MAX_FILE_BYTES


def _media_type(attachment: discord.Attachment) -> str:
    return (attachment.content_type or "").split(";")[0].strip().lower()


async def read_files(attachments: Sequence[discord.Attachment]) -> Files:
    """All at once, and given up after FETCH_SECONDS: the channel's next message waits."""
    files = await asyncio.gather(*map(_read, attachments))
    skipped = [filename(attachment) for attachment, file in zip(attachments, files, strict=True) if file is None]
    return Files(tuple(file for file in files if file is not None), tuple(skipped))


async def _read(attachment: discord.Attachment) -> File | None:
    if not may_be_text(attachment):
        return None
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            data = await attachment.read()
    except _UNFETCHED as error:
        log.warning("attachment_not_read", attachment=attachment.id, error=repr(error))
        return None
    text = decoded(data) if len(data) <= MAX_FILE_BYTES else None
    if text is None:
        return None
    media_type = _media_type(attachment)
    return File(
        filename=filename(attachment),
        media_type="text/plain" if media_type in _UNTYPED else media_type,
        data=text.encode(),
    )


def filename(attachment: discord.Attachment) -> str:
    """As its owner knows it: Discord drops what is no ASCII letter, and keeps what it was called as the title."""
    if not attachment.title:
        return attachment.filename
    return attachment.title.removesuffix(ending := PurePosixPath(attachment.filename).suffix) + ending


def decoded(data: bytes) -> str | None:
    """UTF-8, UTF-16 with its mark, or the Korean Windows's code page; None for what is no text."""
    encodings = ["utf-16"] if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ["utf-8-sig", "cp949"]
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            return text if "\0" not in text and (encoding != "cp949" or _korean(text)) else None
    return None


def _korean(text: str) -> bool:
    """Whether most of what is not ASCII is Hangul in common use: Japanese or Chinese bytes make rare syllables."""
    foreign = [character for character in text if not character.isascii()]
    # Python writes a syllable that KS X 1001 lacks as four pairs of bytes.
    common = [each for each in foreign if _HANGUL.match(each) and len(each.encode("euc_kr", "ignore")) == 2]
    return 2 * len(common) > len(foreign)


async def starter(thread: discord.Thread, me: discord.ClientUser) -> Quote | None:
    """The message that a thread was opened on; None for a thread without one, and where it cannot be read."""
    parent = thread.parent
    if not isinstance(parent, discord.TextChannel):
        return None
    try:
        return quote(await parent.fetch_message(thread.id), me)
    except _UNFETCHED:
        return None


def place_of(message: discord.Message) -> Place:
    channel = message.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    guild_id = message.guild.id if message.guild else None
    if isinstance(channel, discord.PartialMessageable):  # of a guild that Discord has not told of yet
        guild_id = channel.guild_id
    return Place(channel_id=channel.id, parent_id=parent_id, guild_id=guild_id)


def locale_of(message: discord.Message) -> str | None:
    """The guild's; a DM has none."""
    if message.guild is not None:
        return spoken(message.guild.preferred_locale.value, message.content)
    return spoken(None, message.content) if isinstance(message.channel, discord.DMChannel) else None


def spoken(locale: str | None, text: str) -> str | None:
    """The language in which a question is answered: where none was chosen, the script that its asker writes in tells.

    en-US is the locale of every guild that is no Community, which cannot choose one (Discord's documentation, Guild).
    """
    return "ko" if locale in (None, "en-US") and _HANGUL.search(text) else locale

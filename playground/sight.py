"""What of a message's content the bot may read: everything with the message content intent, else only what is its own.

Without it Discord empties content, embeds, attachments and components, save of the bot's own messages, direct ones,
messages that mention the bot, and replies to its messages that ping it. A reply to an answer to a slash command does
not count, even with its ping.
"""

from __future__ import annotations

from playground import payloads
from playground.entities import Json, Message
from playground.world import World

MESSAGE_CONTENT = 1 << 15
_WITHHELD: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def message(world: World, item: Message, intents: int) -> Json:
    """As someone with these intents sees it, the message it replies to included."""
    shown = payloads.message(world, item)
    if intents & MESSAGE_CONTENT:
        return shown
    if not _concerns_bot(world, item):
        shown |= _WITHHELD
    other = _referenced(world, item)
    if shown.get("referenced_message") and other is not None and not _concerns_bot(world, other):
        shown["referenced_message"] |= _WITHHELD
    return shown


def _concerns_bot(world: World, item: Message) -> bool:
    if item.author is world.bot or item.channel.is_dm:
        return True
    if world.bot not in item.mentions.users:
        return False
    return item.mentions.replied is not world.bot or not _replies_to_answer(world, item)


def _replies_to_answer(world: World, item: Message) -> bool:
    other = _referenced(world, item)
    return other is not None and other.interaction is not None


def _referenced(world: World, item: Message) -> Message | None:
    """In a thread's first message that is one of another channel."""
    place = world.channels.get(item.reference.channel_id) if item.reference else None
    return place.by_id.get(item.reference.message_id) if place and item.reference else None

"""Opening threads, by the bot or by a person, with the messages Discord itself adds."""

from __future__ import annotations

from playground import errors, permissions
from playground.entities import (
    MESSAGE_THREAD_CREATED,
    MESSAGE_THREAD_STARTER,
    Channel,
    Message,
    Reference,
    User,
)
from playground.posting import require
from playground.world import World


def open(
    world: World, who: User, parent: Channel, name: str, *, message: Message | None = None, private: bool = False
) -> Channel:
    """Raises ApiError. On a message, the thread has that message's id and begins with a pointer to it."""
    require(who, parent, permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS)
    if parent.is_dm or parent.is_thread:
        raise errors.ApiError(400, 50024, "Cannot execute action on this channel type")
    if message is not None and message.thread is not None:
        raise errors.thread_exists()
    thread = world.add_thread(parent, name, who, message=message, private=private)
    if message is not None:
        starter = _system(world, thread, message.author, MESSAGE_THREAD_STARTER, "", message.id, parent)
        world.add_message(starter)
    elif not private:
        world.add_message(_system(world, parent, who, MESSAGE_THREAD_CREATED, name, thread.id, thread))
    return thread


def _system(
    world: World, channel: Channel, author: User, type: int, content: str, about: int, place: Channel
) -> Message:
    return Message(
        id=world.snowflakes.next(),
        channel=channel,
        author=author,
        content=content,
        created_at=world.clock.now(),
        type=type,
        reference=Reference(message_id=about, channel_id=place.id, guild_id=place.guild_id),
    )

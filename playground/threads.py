"""Opening and changing threads, by the bot or by a person, with the messages Discord itself adds.

In a forum every thread is a post: it begins with a message that has the thread's id, and may carry tags. An archived
thread can only be brought back: by a message in it, or by a change that says so, with which others may come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playground import errors, permissions, posting
from playground.entities import (
    MESSAGE_THREAD_CREATED,
    MESSAGE_THREAD_STARTER,
    REQUIRES_TAG,
    Channel,
    Json,
    Message,
    Reference,
    User,
)
from playground.posting import Draft, require
from playground.world import World

MAX_APPLIED_TAGS = 5
ARCHIVE_MINUTES = 1440
"""Without a message until a thread is archived, unless who opens it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a thread begins with. `slowmode` in seconds; None: what its parent has for threads."""

    archive_minutes: int = ARCHIVE_MINUTES
    slowmode: int | None = None

    @classmethod
    def parse(cls, body: Json) -> Terms:
        """Of a request for a thread."""
        minutes = body.get("auto_archive_duration") or ARCHIVE_MINUTES
        return cls(archive_minutes=minutes, slowmode=body.get("rate_limit_per_user"))


USUAL = Terms()


def open(
    world: World,
    who: User,
    parent: Channel,
    name: str,
    *,
    message: Message | None = None,
    private: bool = False,
    terms: Terms = USUAL,
) -> Channel:
    """Raises ApiError. On a message, the thread has that message's id and begins with a pointer to it."""
    require(who, parent, permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS)
    if parent.is_dm or parent.is_thread or parent.is_forum:
        raise errors.wrong_channel_type()
    if message is not None and message.thread is not None:
        raise errors.thread_exists()
    minutes, slowmode = terms.archive_minutes, terms.slowmode
    thread = world.add_thread(
        parent, name, who, message=message, private=private, archive_minutes=minutes, slowmode=slowmode
    )
    if message is not None:
        starter = _system(world, thread, message.author, MESSAGE_THREAD_STARTER, "", message.id, parent)
        world.add_message(starter)
    elif not private:
        world.add_message(_system(world, parent, who, MESSAGE_THREAD_CREATED, name, thread.id, thread))
    return thread


def post(
    world: World,
    who: User,
    forum: Channel,
    name: str,
    draft: Draft,
    tags: Sequence[int] = (),
    terms: Terms = USUAL,
) -> tuple[Channel, Message]:
    """A thread of a forum and the message it begins with. Raises ApiError."""
    if not forum.is_forum:
        raise errors.wrong_channel_type()
    require(who, forum, permissions.SEND_MESSAGES)
    posting.require_contents(who, forum, draft)
    posting.check_draft(draft)
    check_tags(who, forum, tags)
    if forum.flags & REQUIRES_TAG and not tags:
        raise errors.tag_required()
    posting.keep_pace(world, who, forum)
    minutes, slowmode = terms.archive_minutes, terms.slowmode
    thread = world.add_thread(forum, name, who, tags=tags, archive_minutes=minutes, slowmode=slowmode)
    return thread, posting.write(world, who, thread, draft, id=thread.id)


def check_tags(who: User, forum: Channel, tags: Sequence[int]) -> None:
    """Of a post, whenever they change; that there must be one holds only for new posts."""
    known = {tag.id: tag for tag in forum.tags}
    if len(tags) > MAX_APPLIED_TAGS:
        raise errors.too_long("applied_tags", MAX_APPLIED_TAGS)
    if any(tag not in known for tag in tags):
        raise errors.unknown_tag()
    if any(known[tag].moderated for tag in tags):
        require(who, forum, permissions.MANAGE_THREADS)


def require_editable(who: User, thread: Channel, changes: Json) -> None:
    """Raises ApiError unless that person may make these changes to the thread as it is."""
    moderates = permissions.allows(who, thread, permissions.MANAGE_THREADS)
    if thread.locked and not moderates:
        raise errors.missing_permissions()
    if thread.archived and changes.get("archived") is not False and not changes.keys() <= {"archived"}:
        raise errors.archived_thread()
    # Whoever is in a thread may bring it back.
    if moderates or (changes == {"archived": False} and who.id in thread.thread_members):
        return
    if thread.owner_id != who.id or "locked" in changes or "rate_limit_per_user" in changes:
        raise errors.missing_permissions()


def join(world: World, who: User, thread: Channel, *, added: User | None = None) -> None:
    """`added`: somebody else, by who may write there."""
    _require_thread(thread)
    posting.require_active(thread)
    if added is not None:
        require(who, thread, permissions.SEND_MESSAGES_IN_THREADS)
    world.join_thread(thread, added or who)


def leave(world: World, who: User, thread: Channel, *, removed: User | None = None) -> None:
    """`removed`: somebody else, by who manages threads or began this private one."""
    _require_thread(thread)
    posting.require_active(thread)
    if removed is not None and not (thread.is_private_thread and thread.owner_id == who.id):
        require(who, thread, permissions.MANAGE_THREADS)
    world.leave_thread(thread, removed or who)


def _require_thread(channel: Channel) -> None:
    if not channel.is_thread:
        raise errors.wrong_channel_type()


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

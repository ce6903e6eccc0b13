"""Writing, changing and deleting messages under Discord's rules, for the bot and for people alike.

Lengths are counted in code points, as Discord's API does; its clients count UTF-16 units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta

from playground import components, errors, permissions
from playground.entities import (
    CATEGORY,
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    MESSAGE_DEFAULT,
    MESSAGE_REPLY,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    SYSTEM_MESSAGES,
    Attachment,
    Channel,
    Interaction,
    Json,
    Mentions,
    Message,
    User,
)
from playground.mentions import Allowed, pinged
from playground.world import World

MAX_CONTENT = 2000
MAX_REACTIONS = 20
BULK_DELETE_AGE = timedelta(days=14)
_SHOWN_AS_EDITED = frozenset({"content", "embeds", "components", "attachments"})
_SETTABLE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a sender asks for; `fields` of an edit names what is to change, all others stay."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    reply_to: int | None = None
    fail_if_not_exists: bool = True
    allowed_mentions: Json | None = None
    nonce: str | int | None = None
    enforce_nonce: bool = False
    tts: bool = False
    fields: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        return not (self.content.strip() or self.embeds or self.components or self.attachments)


def post(world: World, author: User, channel: Channel, draft: Draft) -> Message:
    """An ordinary message. The same author's same nonce returns the earlier message if the draft enforces it.

    Raises ApiError when Discord would refuse.
    """
    require_posting(author, channel, draft)
    if draft.enforce_nonce and draft.nonce is not None:
        earlier = world.nonces.sent(author, draft.nonce)
        if earlier is not None:
            return earlier
    check_draft(draft)
    replied = _replied(author, channel, draft)
    keep_pace(world, author, channel)
    if channel.archived:
        world.set_archived(channel, False)
    return write(world, author, channel, draft, replied=replied)


def write(
    world: World,
    author: User,
    channel: Channel,
    draft: Draft,
    *,
    replied: Message | None = None,
    id: int | None = None,
) -> Message:
    """Without a look at whether the author may. `id`: of the thread that it begins in a forum."""
    message = _message(world, author, channel, draft, replied, id)
    allowed = Allowed.parse(draft.allowed_mentions, by_webhook=False)
    message.mentions = pinged(_spoken(message), author, channel, allowed, world.users, replied)
    world.add_message(message)
    return message


def respond(world: World, interaction: Interaction, draft: Draft, type: int, *, loading: bool = False) -> Message:
    """A message of the bot that answers an interaction: it needs no permission, and may be private."""
    if loading:
        draft = replace(draft, flags=draft.flags & EPHEMERAL)
    else:
        check_draft(draft)
    if interaction.channel.archived and not draft.flags & EPHEMERAL:
        _unarchive(world, world.bot, interaction.channel)
    message = _message(world, world.bot, interaction.channel, draft, None)
    message.type = type
    message.interaction = interaction
    if draft.flags & EPHEMERAL:
        message.flags |= EPHEMERAL
        message.seen_by = interaction.user
    if loading:
        message.flags |= LOADING
    message.mentions = _answer_mentions(world, message, draft)
    world.add_message(message)
    return message


def edit(world: World, editor: User, message: Message, draft: Draft) -> None:
    """Raises ApiError. Of others' messages only the embeds can be suppressed, by who manages messages.

    An edit parses mentions anew, as the first sending did.
    """
    if message.author is not editor:
        if draft.fields - {"allowed_mentions"} != {"flags"}:
            raise errors.not_author()
        require(editor, message.channel, permissions.MANAGE_MESSAGES)
    require_active(message.channel)
    _change(message, draft)
    if draft.fields & ({"components"} if message.flags & COMPONENTS_V2 else {"content"}):
        replied = _referenced(message)
        allowed = Allowed.parse(draft.allowed_mentions, by_webhook=message.interaction is not None)
        message.mentions = pinged(_spoken(message), editor, message.channel, allowed, world.users, replied)
    was_loading, message.flags = message.loading, message.flags & ~LOADING
    world.message_edited(message, shown_as_edited=not was_loading and bool(draft.fields & _SHOWN_AS_EDITED))


def delete(world: World, who: User, message: Message) -> None:
    """An archived thread allows it, unless it is locked."""
    channel = message.channel
    if channel.archived and channel.locked and not permissions.allows(who, channel, permissions.MANAGE_THREADS):
        raise errors.archived_thread()
    if message.author is not who:
        require(who, channel, permissions.MANAGE_MESSAGES)
    world.delete_message(message, who)


def react(world: World, who: User, message: Message, emoji: str) -> None:
    require(who, message.channel, permissions.READ_MESSAGE_HISTORY)
    require_active(message.channel)
    if emoji not in message.reactions:
        require(who, message.channel, permissions.ADD_REACTIONS)
        if len(message.reactions) >= MAX_REACTIONS:
            raise errors.too_many_reactions()
    world.react(message, who, emoji)


def unreact(world: World, who: User, message: Message, emoji: str, *, of: User | None = None) -> None:
    """`of`: whose reaction, another's only by who manages messages."""
    require(who, message.channel, permissions.VIEW_CHANNEL)
    if of is not None and of is not who:
        require(who, message.channel, permissions.MANAGE_MESSAGES)
    require_active(message.channel)
    world.unreact(message, of or who, emoji)


def clear_reactions(world: World, who: User, message: Message, emoji: str | None = None) -> None:
    """All, or those with one emoji."""
    require(who, message.channel, permissions.MANAGE_MESSAGES)
    require_active(message.channel)
    world.clear_reactions(message, emoji)


def type(world: World, who: User, channel: Channel) -> None:
    """Shows that they type, which needs what writing needs."""
    require(who, channel, _writing(channel))
    world.type(channel, who)


def _writing(channel: Channel) -> int:
    return permissions.SEND_MESSAGES_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES


def require_active(channel: Channel) -> None:
    """Archived threads take messages, which bring them back, and deletions; nothing else."""
    if channel.archived:
        raise errors.archived_thread()


def keep_pace(world: World, author: User, channel: Channel) -> None:
    """Slowmode, of which bots are free, as are people with a permission of its own. Raises SlowedDown."""
    if not channel.slowmode or author.bot or permissions.allows(author, channel, permissions.BYPASS_SLOWMODE):
        return
    now = world.clock.monotonic()
    wait = channel.spoke_at.get(author.id, -math.inf) + channel.slowmode - now
    if wait > 0:
        raise errors.SlowedDown(wait)
    channel.spoke_at[author.id] = now


def require(user: User, channel: Channel, permission: int) -> None:
    """Raises 50001 where the user cannot see the channel, 50013 where only the permission is missing."""
    granted = permissions.in_channel(user, channel)
    if not granted & permissions.VIEW_CHANNEL:
        raise errors.missing_access()
    if granted & permission != permission:
        raise errors.missing_permissions()


def require_posting(author: User, channel: Channel, draft: Draft) -> None:
    if channel.is_dm:
        _require_open_dm(author, channel)
        return
    if channel.is_forum or channel.type == CATEGORY:
        raise errors.not_a_text_channel()
    require(author, channel, _writing(channel))
    _require_unlocked(author, channel)
    require_contents(author, channel, draft)
    if draft.reply_to is not None and not permissions.allows(author, channel, permissions.READ_MESSAGE_HISTORY):
        raise errors.no_history()


def require_contents(author: User, channel: Channel, draft: Draft) -> None:
    if draft.attachments:
        require(author, channel, permissions.ATTACH_FILES)
    if draft.embeds:
        require(author, channel, permissions.EMBED_LINKS)


def check_draft(draft: Draft) -> None:
    if len(draft.content) > MAX_CONTENT:
        raise errors.too_long("content", MAX_CONTENT)
    if draft.empty:
        raise errors.empty_message()


def _require_unlocked(author: User, channel: Channel) -> None:
    if channel.locked and not permissions.allows(author, channel, permissions.MANAGE_THREADS):
        raise errors.archived_thread() if channel.archived else errors.locked_thread()


def _unarchive(world: World, who: User, thread: Channel) -> None:
    _require_unlocked(who, thread)
    world.set_archived(thread, False)


def _require_open_dm(author: User, channel: Channel) -> None:
    if author not in channel.recipients:
        raise errors.missing_access()
    if any(not user.takes_dms for user in channel.recipients if user is not author):
        raise errors.closed_to_messages()


def _replied(author: User, channel: Channel, draft: Draft) -> Message | None:
    if draft.reply_to is None:
        return None
    replied = channel.by_id.get(draft.reply_to)
    if replied is not None and replied.type in SYSTEM_MESSAGES:
        raise errors.reply_to_system_message()
    if replied is not None and not replied.private:
        return replied
    if draft.fail_if_not_exists:
        raise errors.InvalidForm({"message_reference": ("REPLIES_UNKNOWN_MESSAGE", "Unknown message")})
    return None


def _message(
    world: World, author: User, channel: Channel, draft: Draft, replied: Message | None, id: int | None = None
) -> Message:
    return Message(
        id=id or world.snowflakes.next(),
        channel=channel,
        author=author,
        content=draft.content,
        created_at=world.clock.now(),
        type=MESSAGE_REPLY if replied else MESSAGE_DEFAULT,
        flags=draft.flags & _SETTABLE_FLAGS,
        embeds=draft.embeds,
        components=components.stored(draft.components),
        attachments=draft.attachments,
        reference=channel.reference_to(replied) if replied else None,
        nonce=draft.nonce,
        tts=draft.tts,
    )


def _answer_mentions(world: World, message: Message, draft: Draft) -> Mentions:
    allowed = Allowed.parse(draft.allowed_mentions, by_webhook=True)
    return pinged(_spoken(message), world.bot, message.channel, allowed, world.users, None)


def _spoken(message: Message) -> str:
    """What may name somebody: the content, and texts among the components."""
    return "\n".join([message.content, *(part.get("content") or "" for part in components.walk(message.components))])


def _change(message: Message, draft: Draft) -> None:
    """All or nothing: what is wrong with the result is found before the message changes."""
    result = Draft(
        content=draft.content if "content" in draft.fields else message.content,
        embeds=draft.embeds if "embeds" in draft.fields else message.embeds,
        components=draft.components if "components" in draft.fields else message.components,
        attachments=draft.attachments if "attachments" in draft.fields else message.attachments,
    )
    check_draft(result)
    message.content, message.embeds, message.attachments = result.content, result.embeds, result.attachments
    if "components" in draft.fields:
        message.components = components.stored(draft.components)
    if "flags" in draft.fields:
        kept = message.flags & ~SUPPRESS_EMBEDS
        message.flags = kept | draft.flags & (SUPPRESS_EMBEDS | COMPONENTS_V2)


def _referenced(message: Message) -> Message | None:
    return message.channel.by_id.get(message.reference.message_id) if message.reference else None

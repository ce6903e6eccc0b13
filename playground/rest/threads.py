"""Who is in a thread, and the threads that are archived."""

from __future__ import annotations

from datetime import UTC, datetime

from playground import errors, payloads, permissions, posting, threads
from playground.entities import Channel, User
from playground.rest.exchange import NOTHING, Exchange, Reply, Route, ok

MAX_LISTED = 100


async def join(exchange: Exchange) -> Reply:
    threads.join(exchange.world, exchange.world.bot, exchange.channel())
    return NOTHING


async def leave(exchange: Exchange) -> Reply:
    threads.leave(exchange.world, exchange.world.bot, exchange.channel())
    return NOTHING


async def add(exchange: Exchange) -> Reply:
    threads.join(exchange.world, exchange.world.bot, exchange.channel(), added=_user(exchange))
    return NOTHING


async def remove(exchange: Exchange) -> Reply:
    threads.leave(exchange.world, exchange.world.bot, exchange.channel(), removed=_user(exchange))
    return NOTHING


async def members(exchange: Exchange) -> Reply:
    thread = exchange.channel()
    return ok([payloads.thread_member(thread, user_id) for user_id in thread.thread_members])


async def archived_public(exchange: Exchange) -> Reply:
    return _archived(exchange, private=False)


async def archived_private(exchange: Exchange) -> Reply:
    posting.require(exchange.world.bot, exchange.channel(), permissions.MANAGE_THREADS)
    return _archived(exchange, private=True)


def _archived(exchange: Exchange, *, private: bool) -> Reply:
    """The ones archived last come first."""
    channel = exchange.channel(permissions.READ_MESSAGE_HISTORY)
    limit, before = exchange.number("limit", 50, 2, MAX_LISTED), _before(exchange)
    threads_of = channel.guild.threads if channel.guild else []
    kept = [each for each in threads_of if each.parent is channel and each.archived]
    found = [each for each in kept if each.is_private_thread is private and _archived_at(each) < before]
    found.sort(key=_archived_at, reverse=True)
    bot = exchange.world.bot
    page = found[:limit]
    own = [payloads.thread_member(each, bot.id) for each in page if bot.id in each.thread_members]
    shown = [payloads.channel(each, bot) for each in page]
    return ok({"threads": shown, "members": own, "has_more": len(found) > limit})


def _archived_at(thread: Channel) -> datetime:
    assert thread.archive_changed_at is not None
    return thread.archive_changed_at


def _before(exchange: Exchange) -> datetime:
    """From the query. Raises InvalidForm for what is no time."""
    text = exchange.request.query.get("before")
    try:
        moment = datetime.fromisoformat(text) if text else datetime.max.replace(tzinfo=UTC)
    except ValueError:
        raise errors.InvalidForm({"before": ("DATE_TIME_TYPE_PARSE", f"{text} is no ISO 8601 time.")}) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _user(exchange: Exchange) -> User:
    channel, user = exchange.channel(), exchange.world.users.get(exchange.id("user_id"))
    if user is None or channel.guild is None or user.id not in channel.guild.members:
        raise errors.unknown_user()
    return user


_CHANNEL = ("channel_id",)
_MEMBERS = "/channels/{channel_id}/thread-members"
_ARCHIVED = "/channels/{channel_id}/threads/archived"

ROUTES = (
    Route(method="GET", path=_MEMBERS, handler=members, major=_CHANNEL),
    Route(method="PUT", path=f"{_MEMBERS}/@me", handler=join, major=_CHANNEL),
    Route(method="DELETE", path=f"{_MEMBERS}/@me", handler=leave, major=_CHANNEL),
    Route(method="PUT", path=_MEMBERS + "/{user_id}", handler=add, major=_CHANNEL),
    Route(method="DELETE", path=_MEMBERS + "/{user_id}", handler=remove, major=_CHANNEL),
    Route(method="GET", path=f"{_ARCHIVED}/public", handler=archived_public, major=_CHANNEL),
    Route(method="GET", path=f"{_ARCHIVED}/private", handler=archived_private, major=_CHANNEL),
)

"""Channels, threads, direct conversations, guilds and who is in them."""

from __future__ import annotations

from playground import errors, payloads, permissions, posting, threads
from playground.entities import Channel, Json
from playground.rest import bodies, forums
from playground.rest.exchange import Exchange, Reply, Route, ok


async def get_channel(exchange: Exchange) -> Reply:
    return ok(payloads.channel(exchange.channel(), exchange.world.bot))


async def edit_channel(exchange: Exchange) -> Reply:
    channel = exchange.channel()
    if channel.is_thread:
        _edit_thread(exchange, channel, await exchange.json(bodies.THREAD_EDIT))
    else:
        posting.require(exchange.world.bot, channel, permissions.MANAGE_CHANNELS)
        body = await exchange.json(bodies.FORUM_EDIT if channel.is_forum else bodies.CHANNEL_EDIT)
        channel.name = body.get("name", channel.name)
        channel.topic = body.get("topic", channel.topic)
        channel.nsfw = body.get("nsfw", channel.nsfw)
        channel.position = body.get("position", channel.position)
        channel.slowmode = body.get("rate_limit_per_user", channel.slowmode)
        if channel.is_forum:
            forums.edit(exchange, channel, body)
    exchange.world.channel_changed(channel)
    return ok(payloads.channel(channel, exchange.world.bot))


def _edit_thread(exchange: Exchange, thread: Channel, body: Json) -> None:
    threads.require_editable(exchange.world.bot, thread, body)
    forums.edit_post(exchange, thread, body)
    thread.name = body.get("name", thread.name)
    thread.locked = body.get("locked", thread.locked)
    thread.auto_archive_minutes = body.get("auto_archive_duration", thread.auto_archive_minutes)
    thread.slowmode = body.get("rate_limit_per_user", thread.slowmode)
    if "archived" in body:
        thread.archived = body["archived"]
        thread.archive_changed_at = exchange.world.clock.now()


async def delete_channel(exchange: Exchange) -> Reply:
    channel = exchange.channel()
    needed = permissions.MANAGE_THREADS if channel.is_thread else permissions.MANAGE_CHANNELS
    posting.require(exchange.world.bot, channel, needed)
    shown = payloads.channel(channel, exchange.world.bot)
    exchange.world.remove_channel(channel)
    return ok(shown)


async def open_dm(exchange: Exchange) -> Reply:
    body = await exchange.json(bodies.DIRECT)
    user = exchange.world.users.get(int(body["recipient_id"]))
    if user is None or user is exchange.world.bot:
        raise errors.unknown_user()
    return ok(payloads.channel(exchange.world.dm(user), exchange.world.bot))


async def thread_on_message(exchange: Exchange) -> Reply:
    message = exchange.message()
    body = await exchange.json(bodies.THREAD)
    bot, terms = exchange.world.bot, threads.Terms.parse(body)
    thread = threads.open(exchange.world, bot, message.channel, body["name"], message=message, terms=terms)
    return Reply(status=201, body=payloads.channel(thread, bot))


async def thread_without_message(exchange: Exchange) -> Reply:
    channel = exchange.channel()
    if channel.is_forum:
        return await forums.post(exchange, channel)
    body = await exchange.json(bodies.THREAD)
    bot, private, terms = exchange.world.bot, body.get("type", 12) == 12, threads.Terms.parse(body)
    thread = threads.open(exchange.world, bot, channel, body["name"], private=private, terms=terms)
    return Reply(status=201, body=payloads.channel(thread, bot))


async def get_guild(exchange: Exchange) -> Reply:
    guild = exchange.guild()
    count = len(guild.members)
    return ok({**payloads.guild(guild), "approximate_member_count": count, "approximate_presence_count": count})


async def guild_channels(exchange: Exchange) -> Reply:
    channels = [channel for channel in exchange.guild().channels.values() if not channel.is_thread]
    return ok([payloads.channel(channel, exchange.world.bot) for channel in channels])


async def guild_roles(exchange: Exchange) -> Reply:
    return ok([payloads.role(role) for role in exchange.guild().roles.values()])


async def active_threads(exchange: Exchange) -> Reply:
    bot = exchange.world.bot
    seen = [thread for thread in exchange.guild().threads if permissions.allows(bot, thread, permissions.VIEW_CHANNEL)]
    active = [thread for thread in seen if not thread.archived]
    members = [payloads.thread_member(thread, bot.id) for thread in active if bot.id in thread.thread_members]
    shown = [payloads.channel(thread, bot) for thread in active]
    return ok({"threads": shown, "members": members, "has_more": False})


async def get_member(exchange: Exchange) -> Reply:
    member = exchange.guild().members.get(exchange.id("user_id"))
    if member is None:
        raise errors.unknown_member()
    return ok(payloads.member(member))


async def get_user(exchange: Exchange) -> Reply:
    user = exchange.world.users.get(exchange.id("user_id"))
    if user is None:
        raise errors.unknown_user()
    return ok(payloads.user(user))


async def me(exchange: Exchange) -> Reply:
    return ok(payloads.me(exchange.world))


_CHANNEL, _GUILD = ("channel_id",), ("guild_id",)

ROUTES = (
    Route(method="GET", path="/users/@me", handler=me),
    Route(method="POST", path="/users/@me/channels", handler=open_dm),
    Route(method="GET", path="/users/{user_id}", handler=get_user),
    Route(method="GET", path="/channels/{channel_id}", handler=get_channel, major=_CHANNEL),
    Route(method="PATCH", path="/channels/{channel_id}", handler=edit_channel, major=_CHANNEL, rate="channel.edit"),
    Route(method="DELETE", path="/channels/{channel_id}", handler=delete_channel, major=_CHANNEL),
    Route(method="POST", path="/channels/{channel_id}/threads", handler=thread_without_message, major=_CHANNEL),
    Route(
        method="POST",
        path="/channels/{channel_id}/messages/{message_id}/threads",
        handler=thread_on_message,
        major=_CHANNEL,
    ),
    Route(method="GET", path="/guilds/{guild_id}", handler=get_guild, major=_GUILD),
    Route(method="GET", path="/guilds/{guild_id}/channels", handler=guild_channels, major=_GUILD),
    Route(method="GET", path="/guilds/{guild_id}/roles", handler=guild_roles, major=_GUILD),
    Route(method="GET", path="/guilds/{guild_id}/threads/active", handler=active_threads, major=_GUILD),
    Route(method="GET", path="/guilds/{guild_id}/members/{user_id}", handler=get_member, major=_GUILD),
)

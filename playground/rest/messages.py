"""Messages of a channel: read, send, edit, delete, react, show that one types."""

from __future__ import annotations

from urllib.parse import unquote

from playground import emoji, errors, payloads, permissions, posting, shapes
from playground.entities import Message
from playground.rest import bodies, forms
from playground.rest.exchange import NOTHING, Exchange, Reply, Route, ok
from playground.shapes import snowflake

PAGE = 100


async def history(exchange: Exchange) -> Reply:
    channel = exchange.channel()
    limit = exchange.number("limit", 50, 1, PAGE)
    if not permissions.allows(exchange.world.bot, channel, permissions.READ_MESSAGE_HISTORY):
        return ok([])
    return ok([exchange.shown(message) for message in _page(exchange, channel.messages, limit)])


async def get(exchange: Exchange) -> Reply:
    message = exchange.message()
    posting.require(exchange.world.bot, message.channel, permissions.READ_MESSAGE_HISTORY)
    return ok(exchange.shown(message))


async def create(exchange: Exchange) -> Reply:
    channel = exchange.channel()
    form = await forms.read(exchange)
    draft = forms.draft(exchange, form.body, form.files, channel)
    return ok(exchange.shown(posting.post(exchange.world, exchange.world.bot, channel, draft)))


async def edit(exchange: Exchange) -> Reply:
    exchange.message()
    form = await forms.read(exchange)
    # While its body came, the message may have gone.
    message = exchange.message()
    draft = forms.draft(exchange, form.body, form.files, message.channel, on=message)
    posting.edit(exchange.world, exchange.world.bot, message, draft)
    return ok(exchange.shown(message))


async def delete(exchange: Exchange) -> Reply:
    posting.delete(exchange.world, exchange.world.bot, exchange.message())
    return NOTHING


async def bulk_delete(exchange: Exchange) -> Reply:
    channel = exchange.channel(permissions.MANAGE_MESSAGES)
    ids = {int(id) for id in (await exchange.json(bodies.BULK_DELETE))["messages"]}
    messages = [message for message in channel.messages if message.id in ids]
    oldest = exchange.world.clock.now() - posting.BULK_DELETE_AGE
    if any(message.created_at < oldest for message in messages):
        raise errors.too_old_to_bulk_delete()
    exchange.world.delete_messages(messages)
    return NOTHING


async def react(exchange: Exchange) -> Reply:
    posting.react(exchange.world, exchange.world.bot, exchange.message(), _emoji(exchange))
    return NOTHING


async def unreact(exchange: Exchange) -> Reply:
    posting.unreact(exchange.world, exchange.world.bot, exchange.message(), _emoji(exchange))
    return NOTHING


async def unreact_other(exchange: Exchange) -> Reply:
    message = exchange.message()
    user = exchange.world.users.get(exchange.id("user_id"))
    if user is None:
        raise errors.unknown_user()
    posting.unreact(exchange.world, exchange.world.bot, message, _emoji(exchange), of=user)
    return NOTHING


async def clear_reactions(exchange: Exchange) -> Reply:
    """All of them, or those with the emoji that the path names."""
    emoji = _emoji(exchange) if "emoji" in exchange.request.match_info else None
    posting.clear_reactions(exchange.world, exchange.world.bot, exchange.message(), emoji)
    return NOTHING


async def reactors(exchange: Exchange) -> Reply:
    message = exchange.message()
    posting.require(exchange.world.bot, message.channel, permissions.READ_MESSAGE_HISTORY)
    limit = exchange.number("limit", 25, 1, PAGE)
    after = snowflake("after", exchange.request.query.get("after", "0"))
    people = [person for person in message.reactions.get(_emoji(exchange), []) if person.id > after]
    return ok([payloads.user(person) for person in people[:limit]])


async def typing(exchange: Exchange) -> Reply:
    posting.type(exchange.world, exchange.world.bot, exchange.channel())
    return NOTHING


def _emoji(exchange: Exchange) -> str:
    """Raises ApiError for what is no emoji character."""
    named = unquote(exchange.request.match_info["emoji"])
    if not emoji.known(named):
        raise errors.unknown_emoji()
    return named


def _page(exchange: Exchange, messages: list[Message], limit: int) -> list[Message]:
    """Newest first, from the side that the query names."""
    query = exchange.request.query
    if "after" in query:
        after = snowflake("after", query["after"])
        return [message for message in messages if message.id > after][:limit][::-1]
    if "around" in query:
        around = snowflake("around", query["around"])
        older = [message for message in messages if message.id < around][-(limit // 2) :]
        newer = [message for message in messages if message.id >= around][: limit - limit // 2]
        return [*older, *newer][::-1]
    before = snowflake("before", query.get("before", shapes.MAX_SNOWFLAKE))
    return [message for message in messages if message.id < before][-limit:][::-1]


_CHANNEL = ("channel_id",)
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji}"

ROUTES = (
    Route(method="GET", path=_MESSAGES, handler=history, major=_CHANNEL),
    Route(method="POST", path=_MESSAGES, handler=create, major=_CHANNEL, rate="message.create"),
    Route(method="POST", path=f"{_MESSAGES}/bulk-delete", handler=bulk_delete, major=_CHANNEL),
    Route(method="GET", path=_MESSAGE, handler=get, major=_CHANNEL),
    Route(method="PATCH", path=_MESSAGE, handler=edit, major=_CHANNEL, rate="message.edit"),
    Route(method="DELETE", path=_MESSAGE, handler=delete, major=_CHANNEL, rate="message.delete"),
    Route(method="PUT", path=f"{_REACTION}/@me", handler=react, major=_CHANNEL, rate="reaction"),
    Route(method="DELETE", path=f"{_REACTION}/@me", handler=unreact, major=_CHANNEL, rate="reaction"),
    Route(method="DELETE", path=_REACTION + "/{user_id}", handler=unreact_other, major=_CHANNEL, rate="reaction"),
    Route(method="DELETE", path=_REACTION, handler=clear_reactions, major=_CHANNEL, rate="reaction"),
    Route(method="DELETE", path=f"{_MESSAGE}/reactions", handler=clear_reactions, major=_CHANNEL, rate="reaction"),
    Route(method="GET", path=_REACTION, handler=reactors, major=_CHANNEL),
    Route(method="POST", path="/channels/{channel_id}/typing", handler=typing, major=_CHANNEL, rate="typing"),
)

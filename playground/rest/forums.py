"""Forums and the posts in them: what their bodies hold beyond those of other channels."""

from __future__ import annotations

from collections.abc import Sequence

from playground import emoji, errors, payloads, threads
from playground.entities import PINNED_POST, REQUIRES_TAG, Channel, Json, Tag
from playground.rest import bodies, forms
from playground.rest.exchange import Exchange, Reply


async def post(exchange: Exchange, forum: Channel) -> Reply:
    """A thread with the message it begins with."""
    form = await forms.read(exchange, bodies.POST)
    draft = forms.draft(exchange, form.body["message"], form.files, forum, "message")
    bot = exchange.world.bot
    tags = _ids(form.body.get("applied_tags", ()))
    terms = threads.Terms.parse(form.body)
    thread, first = threads.post(exchange.world, bot, forum, form.body["name"], draft, tags, terms)
    return Reply(status=201, body={**payloads.channel(thread, bot), "message": exchange.shown(first)})


def edit_post(exchange: Exchange, thread: Channel, body: Json) -> None:
    """Its tags, and whether it is pinned."""
    assert thread.parent is not None
    if "applied_tags" in body:
        ids = _ids(body["applied_tags"])
        threads.check_tags(exchange.world.bot, thread.parent, ids)
        thread.applied_tags = ids
    if "flags" in body:
        thread.flags = body["flags"] & PINNED_POST


def edit(exchange: Exchange, forum: Channel, body: Json) -> None:
    """The tags to choose from, and whether one is required."""
    if "available_tags" in body:
        forum.tags = _tags(exchange, body["available_tags"])
    if "flags" in body:
        forum.flags = body["flags"] & REQUIRES_TAG


def _ids(given: Sequence[str]) -> list[int]:
    return [int(id) for id in given]


def _tags(exchange: Exchange, given: Sequence[Json]) -> list[Tag]:
    if len({each["name"] for each in given}) != len(given):
        raise errors.ApiError(400, 40061, "Tag names must be unique")
    if not all(map(_has_known_emoji, given)):
        raise errors.unknown_emoji()
    return [
        Tag(
            id=int(each["id"]) if "id" in each else exchange.world.snowflakes.next(),
            name=each["name"],
            moderated=each.get("moderated", False),
            emoji=each.get("emoji_name") or None,
        )
        for each in given
    ]


def _has_known_emoji(tag: Json) -> bool:
    """It needs none, and there are no custom ones here. Discord documents no code; this is as for reactions."""
    name = tag.get("emoji_name")
    return "emoji_id" not in tag and (not name or emoji.known(name))

"""Forums and the posts in them: what their bodies hold beyond those of other channels."""

from __future__ import annotations

from typing import Any

from playground import errors, payloads, threads
from playground.entities import PINNED_POST, REQUIRES_TAG, Channel, Json, Tag
from playground.rest import forms
from playground.rest.exchange import Exchange, Reply, snowflake

MAX_TAGS, MAX_TAG_NAME = 20, 20
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


async def post(exchange: Exchange, forum: Channel) -> Reply:
    """A thread with the message it begins with."""
    form = await forms.read(exchange)
    message = form.body.get("message")
    if not isinstance(message, dict):
        raise errors.InvalidForm({"message": ("BASE_TYPE_REQUIRED", "This field is required")})
    name = form.body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise errors.InvalidForm({"name": ("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")})
    draft = forms.draft(exchange, message, form.files, forum)
    bot = exchange.world.bot
    thread, first = threads.post(exchange.world, bot, forum, name, draft, tag_ids(form.body))
    if form.body.get("auto_archive_duration") in _ARCHIVE_MINUTES:
        thread.auto_archive_minutes = form.body["auto_archive_duration"]
    return Reply(status=201, body={**payloads.channel(thread, bot), "message": exchange.shown(first)})


def edit_post(exchange: Exchange, thread: Channel, body: Json) -> None:
    """Its tags, and whether it is pinned."""
    assert thread.parent is not None
    if "applied_tags" in body:
        ids = tag_ids(body)
        threads.check_tags(exchange.world.bot, thread.parent, ids)
        thread.applied_tags = ids
    flags = body.get("flags")
    if isinstance(flags, int):
        thread.flags = flags & PINNED_POST


def edit(exchange: Exchange, forum: Channel, body: Json) -> None:
    """The tags to choose from, and whether one is required."""
    if "available_tags" in body:
        forum.tags = _tags(exchange, forum, body["available_tags"] or [])
    flags = body.get("flags")
    if isinstance(flags, int):
        forum.flags = flags & REQUIRES_TAG


def tag_ids(body: Json) -> list[int]:
    ids = body.get("applied_tags") or []
    if not isinstance(ids, list):
        raise errors.InvalidForm({"applied_tags": ("LIST_TYPE_CONVERT", "Only iterables may be used")})
    return [snowflake(f"applied_tags.{index}", id) for index, id in enumerate(ids)]


def _tags(exchange: Exchange, forum: Channel, given: Any) -> list[Tag]:
    if not isinstance(given, list) or len(given) > MAX_TAGS:
        raise errors.too_long("available_tags", MAX_TAGS)
    tags = [_tag(exchange, each, f"available_tags.{index}") for index, each in enumerate(given)]
    if len({tag.name for tag in tags}) != len(tags):
        raise errors.ApiError(400, 40061, "Tag names must be unique")
    return tags


def _tag(exchange: Exchange, given: Any, at: str) -> Tag:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_TAG_NAME:
        raise errors.too_long(f"{at}.name", MAX_TAG_NAME)
    id = snowflake(f"{at}.id", given["id"]) if given.get("id") else exchange.world.snowflakes.next()
    emoji = given.get("emoji_name")
    moderated = bool(given.get("moderated"))
    return Tag(id=id, name=name, moderated=moderated, emoji=emoji if isinstance(emoji, str) else None)

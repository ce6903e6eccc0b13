"""Links to attached files, signed and good for a day, as those of Discord's CDN are.

A link holds its expiry as hexadecimal seconds (`ex`), its making (`is`) and a signature (`hm`) over both and the path.
The message fetched again carries fresh ones.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from playground.entities import Attachment
from playground.snowflake import id_in
from playground.world import World

PATH = "/attachments/{channel_id}/{attachment_id}/{filename}"
FETCHED = "attachment"
"""What faults know a fetched file by; it has no limit."""
LIFE = timedelta(hours=24)
MAX_FILE_BYTES = 10 * 1024 * 1024
"""Of an account or server without boosts."""
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def link(world: World, attachment: Attachment, origin: str | None = None) -> str:
    """At `origin`, the scheme and host by which the reader reaches this server; by default that of the bot."""
    path = _path(attachment)
    made = int(world.clock.now().timestamp())
    terms = f"ex={made + int(LIFE.total_seconds()):x}&is={made:x}"
    return f"{origin or world.bot_url or world.base_url}{path}?{terms}&hm={_signature(world, path, terms)}"


async def serve(world: World, request: web.Request) -> web.Response:
    attachment = _opened(world, request.match_info, request.query)
    if attachment is None:
        raise web.HTTPNotFound
    return web.Response(body=io.BytesIO(attachment.content), headers=headers(attachment))


def _opened(world: World, place: Mapping[str, str], query: Mapping[str, str]) -> Attachment | None:
    """The file at a place, which has the names of PATH's parts; None unless it is the whole of a link still good."""
    id = id_in(place["attachment_id"])
    found = world.attachments.get(id) if id is not None else None
    if found is None or place != _place(found) or not _admits(world, found, query):
        return None
    return found


def _admits(world: World, attachment: Attachment, query: Mapping[str, str]) -> bool:
    terms = f"ex={query.get('ex', '')}&is={query.get('is', '')}"
    if not hmac.compare_digest(_signature(world, _path(attachment), terms).encode(), query.get("hm", "").encode()):
        return False
    return int(query["ex"], 16) > world.clock.now().timestamp()


def headers(attachment: Attachment) -> Mapping[str, str]:
    """A file is somebody's, and served from the page's own address: none may act there, and few open there."""
    shown = attachment.content_type in PICTURES or attachment.content_type.partition(";")[0] == "text/plain"
    return {
        "Content-Type": attachment.content_type,
        "Content-Disposition": "inline" if shown else "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }


def _path(attachment: Attachment) -> str:
    return PATH.format(**{name: quote(part) for name, part in _place(attachment).items()})


def _place(attachment: Attachment) -> Mapping[str, str]:
    return {
        "channel_id": str(attachment.channel_id),
        "attachment_id": str(attachment.id),
        "filename": attachment.filename,
    }


def _signature(world: World, path: str, terms: str) -> str:
    return hmac.new(world.cdn_key, f"{path}?{terms}".encode(), hashlib.sha256).hexdigest()

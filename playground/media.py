"""What messages show of their own files: embeds and components name them as `attachment://name`.

Such a name is made safe as the file's own is (discord-api-docs #7754). References are kept as they were sent, and the
address is put in when a message is told: it is signed for a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from playground import filenames
from playground.components import FILE, placed
from playground.entities import Json
from playground.shapes import ATTACHMENT, inside

_ADDRESSES = ("url", "icon_url")
_MEDIA = ("media", "file")

Files = Mapping[str, Json]
"""The attachments of a message as they are told, by name."""


def shown(value: Any, files: Files, message_id: str) -> Any:
    """A copy with the addresses of files; what names no file stays as it is.

    Media of other hosts, which have ids of their own with Discord, go by the message's.
    """
    if isinstance(value, list):
        return [shown(each, files, message_id) for each in value]
    if not isinstance(value, dict):
        return value
    told: Json = {key: _shown(key, inner, files, message_id) for key, inner in value.items()}
    if told.get("type") == FILE:
        file = _named(value["file"]["url"], files) or {}
        told |= {"name": file.get("filename"), "size": file.get("size")}
    return told


def references(tree: list[Json]) -> Iterator[tuple[str, str]]:
    """Of files, by components: the dotted path to each address, and the name."""
    for place, part in placed(tree):
        items = [(inside(place, f"items.{index}"), item) for index, item in enumerate(part.get("items") or ())]
        for at, holder in ((place, part), *items):
            for key in set(_MEDIA) & holder.keys():
                name = _name(holder[key]["url"])
                if name is not None:
                    yield inside(at, f"{key}.url"), name


def embedded(value: Any) -> Iterator[str]:
    """The names of files that embeds show."""
    if isinstance(value, list):
        for each in value:
            yield from embedded(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            name = _name(inner or "") if key in _ADDRESSES else None
            yield from embedded(inner) if name is None else (name,)


def _shown(key: str, value: Any, files: Files, message_id: str) -> Any:
    if key in _MEDIA:
        return _medium(value["url"], files, message_id)
    if key in _ADDRESSES:
        file = _named(value or "", files)
        return value if file is None else file["url"]
    return shown(value, files, message_id)


def _medium(url: str, files: Files, message_id: str) -> Json:
    file = _named(url, files)
    if file is None:
        return {"id": message_id, "url": url, "proxy_url": url}
    about = {"attachment_id": file["id"], "content_type": file["content_type"]}
    return {"id": file["id"], "url": file["url"], "proxy_url": file["proxy_url"], **about}


def _named(url: str, files: Files) -> Json | None:
    name = _name(url)
    return None if name is None else files.get(name)


def _name(url: str) -> str | None:
    scheme, _, name = url.partition("://")
    return filenames.safe(name) if scheme.lower() == ATTACHMENT else None

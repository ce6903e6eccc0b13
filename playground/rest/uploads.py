"""The files of a request, and what its `attachments` say of them and of those that a message has."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from playground import cdn, errors, filenames, media
from playground.entities import Attachment, Channel, Json, Message
from playground.rest import bodies
from playground.shapes import Problems, inside
from playground.world import World


@dataclass(frozen=True, slots=True)
class File:
    filename: str
    content: bytes


Files = Mapping[int, File]
"""By the number that the form gave each."""


def check(body: Json, files: Files, on: Message | None, at: str, problems: Problems) -> None:
    """Each of the attachments is a file that came along or, in an edit, one of the message; so is what is shown."""
    wanted = _wanted(body)
    names = {attachment.id: attachment.filename for attachment in on.attachments} if on else {}
    names |= {number: filenames.safe(_name(file, wanted.get(number, {}))) for number, file in files.items()}
    for index, item in enumerate(body.get("attachments") or []):
        if int(item["id"]) not in names:
            problems[inside(at, f"attachments.{index}")] = ("ATTACHMENT_NOT_FOUND", "Attachment data not found")
    for place, name in media.references(body.get("components") or []):
        if name not in names.values():
            message = "The referenced attachment was not found"
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            problems[inside(inside(at, "components"), place)] = (code, message)


def attachments(world: World, body: Json, files: Files, channel: Channel, on: Message | None) -> list[Attachment]:
    """Those that the message is to have. Raises ApiError where there are too many files, or too large ones.

    An edit names in `attachments` all that shall be there, old and new, but for what embeds show.
    """
    if len(files) > bodies.MAX_FILES:
        message = f"Maximum number of attachments in a message reached ({bodies.MAX_FILES})"
        raise errors.ApiError(400, 30015, message)
    if any(len(file.content) > cdn.MAX_FILE_BYTES for file in files.values()):
        raise errors.file_too_large()
    wanted = _wanted(body)
    new = {number: _kept(world, channel, file, wanted.get(number, {}), on) for number, file in files.items()}
    if on is None:
        return list(new.values())
    known = {attachment.id: attachment for attachment in on.attachments} | new
    named = list(new.values()) if body.get("attachments") is None else [known[id] for id in wanted]
    return named + _embedded(body, on, {attachment.filename for attachment in named})


def _embedded(body: Json, on: Message, replaced: Set[str]) -> list[Attachment]:
    """Files that the embeds go on showing: `attachments` does not tell of them, so that it cannot keep them either."""
    shown = set(media.embedded(body.get("embeds", on.embeds))) - replaced
    return [attachment for attachment in on.attachments if attachment.filename in shown]


def _kept(world: World, channel: Channel, file: File, about: Json, on: Message | None) -> Attachment:
    return world.attach(channel, _name(file, about), file.content, description=about.get("description"), on=on)


def _wanted(body: Json) -> dict[int, Json]:
    return {int(item["id"]): item for item in body.get("attachments") or []}


def _name(file: File, about: Json) -> str:
    return about.get("filename") or file.filename

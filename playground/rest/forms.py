"""Bodies that carry a message, as JSON or multipart, made into drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground import cdn, components, errors, shapes
from playground.entities import COMPONENTS_V2, Attachment, Channel, Json
from playground.posting import Draft
from playground.rest import bodies, multipart
from playground.rest.exchange import JSON, Exchange
from playground.shapes import Problems, inside, parsed

MULTIPART = "multipart/form-data"
MAX_EMBED_CHARACTERS = 6000
MAX_ROWS, MAX_COMPONENTS_V2 = 5, 40
_COUNTED = ("title", "description", "footer.text", "author.name")


@dataclass(frozen=True, slots=True)
class File:
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    body: Json
    files: Mapping[int, File]


async def read(exchange: Exchange, shape: shapes.Shape = bodies.MESSAGE) -> Form:
    """Raises ApiError unless the body, without its files, has the shape."""
    raw, type = await exchange.raw(), exchange.request.content_type
    if type == MULTIPART:
        return _of_parts(exchange.request.headers["Content-Type"], raw, shape)
    if raw and type != JSON:
        raise errors.wrong_content_type(JSON, MULTIPART)
    return Form(shapes.read(shape, parsed(raw)), {})


def _of_parts(content_type: str, raw: bytes, shape: shapes.Shape) -> Form:
    try:
        parts = list(multipart.parts(content_type, raw))
    except ValueError as error:
        raise errors.InvalidForm({"": ("MULTIPART_INVALID", f"Could not read the body: {error}.")}) from None
    said: Any = {}
    files: dict[int, File] = {}
    for part in parts:
        numbered = re.fullmatch(r"files\[([0-9]{1,4})\]", part.name)
        if part.name == "payload_json":
            said = parsed(part.content)
        elif numbered:
            files[int(numbered[1])] = File(part.filename or "file", part.content)
    return Form(shapes.read(shape, said), files)


def draft(exchange: Exchange, body: Json, files: Mapping[int, File], channel: Channel, at: str = "") -> Draft:
    """Of a message to send or an edit, `body` read with its shape and standing under `at` in the request.

    Raises InvalidForm with everything wrong at once, ApiError for the files.
    """
    check(body, at)
    reference = body.get("message_reference") or {}
    replied = reference.get("message_id")
    return Draft(
        content=(body.get("content") or "").strip(),
        embeds=[{"type": "rich", **embed} for embed in body.get("embeds") or []],
        components=body.get("components") or [],
        attachments=list(attachments(exchange, body, files, channel).values()),
        flags=body.get("flags") or 0,
        reply_to=int(replied) if replied else None,
        fail_if_not_exists=reference.get("fail_if_not_exists", True),
        allowed_mentions=body.get("allowed_mentions"),
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        tts=bool(body.get("tts")),
        fields=frozenset(body) | (frozenset({"attachments"}) if files else frozenset()),
    )


def attachments(exchange: Exchange, body: Json, files: Mapping[int, File], channel: Channel) -> dict[int, Attachment]:
    """By the number that the form gave each file."""
    if len(files) > bodies.MAX_FILES:
        message = f"Maximum number of attachments in a message reached ({bodies.MAX_FILES})"
        raise errors.ApiError(400, 30015, message)
    if any(len(file.content) > cdn.MAX_FILE_BYTES for file in files.values()):
        raise errors.file_too_large()
    about = {int(item["id"]): item for item in body.get("attachments") or []}
    return {number: _kept(exchange, channel, file, about.get(number, {})) for number, file in files.items()}


def _kept(exchange: Exchange, channel: Channel, file: File, about: Json) -> Attachment:
    name = about.get("filename") or file.filename
    return exchange.world.attach(channel, name, file.content, description=about.get("description"))


def check(body: Json, at: str = "") -> None:
    """Raises InvalidForm for fields that do not go together."""
    problems: Problems = {}
    _check_mentions(body.get("allowed_mentions") or {}, inside(at, "allowed_mentions"), problems)
    if sum(map(_embed_characters, body.get("embeds") or [])) > MAX_EMBED_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        problems[inside(at, "embeds")] = ("MAX_EMBED_SIZE_EXCEEDED", message)
    v2 = bool((body.get("flags") or 0) & COMPONENTS_V2)
    _check_components(body.get("components") or [], v2, inside(at, "components"), problems)
    if v2 and (body.get("content") or body.get("embeds")):
        message = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        problems[inside(at, "content")] = ("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    if problems:
        raise errors.InvalidForm(problems)


def _check_mentions(allowed: Json, at: str, problems: Problems) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            problems[at] = ("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _embed_characters(embed: Json) -> int:
    own = sum(len(_text(embed, path)) for path in _COUNTED)
    return own + sum(len(entry["name"]) + len(entry["value"]) for entry in embed.get("fields") or [])


def _check_components(tree: list[Json], v2: bool, at: str, problems: Problems) -> None:
    every = list(components.walk(tree))
    if v2 and len(every) > MAX_COMPONENTS_V2:
        problems[at] = ("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"At most {MAX_COMPONENTS_V2} components")
    if not v2 and (len(tree) > MAX_ROWS or any(part["type"] != components.ROW for part in tree)):
        problems[at] = ("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} rows.")
    ids = [part["custom_id"] for part in every if part.get("custom_id")]
    if len(ids) != len(set(ids)):
        problems[at] = ("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")


def _text(embed: Json, path: str) -> str:
    outer, _, inner = path.partition(".")
    value: Any = embed.get(outer) or ("" if not inner else {})
    return str(value.get(inner, "")) if inner else str(value)

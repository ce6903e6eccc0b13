"""Bodies that carry a message, as JSON or multipart, checked against Discord's limits and made into drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader

from playground import cdn, components, errors
from playground.entities import COMPONENTS_V2, Attachment, Channel, Json
from playground.posting import MAX_CONTENT, Draft
from playground.rest.exchange import Exchange, snowflake

MAX_FILES = 10
MAX_EMBEDS, MAX_EMBED_CHARACTERS, MAX_FIELDS = 10, 6000, 25
MAX_NONCE = 25
MAX_ROWS, MAX_IN_ROW, MAX_COMPONENTS_V2 = 5, 5, 40
_EMBED_LENGTHS = {"title": 256, "description": 4096, "footer.text": 2048, "author.name": 256}
_COMPONENT_LENGTHS = {"custom_id": 100, "label": 80, "placeholder": 150}

Problems = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class File:
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    body: Json
    files: Mapping[int, File]


async def read(exchange: Exchange) -> Form:
    """Raises ApiError."""
    if not exchange.request.content_type.startswith("multipart/"):
        body = await exchange.json()
        if not isinstance(body, dict):
            raise errors.InvalidForm({"_body": ("DICT_TYPE_CONVERT", "Only dictionaries may be used")})
        return Form(body, {})
    body, files = {}, {}
    async for part in await exchange.request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = _parsed(content)
        elif part.name and part.name.startswith("files["):
            files[int(part.name[6:-1])] = File(part.filename or "file", content)
    return Form(body, files)


def draft(exchange: Exchange, body: Json, files: Mapping[int, File], channel: Channel) -> Draft:
    """Of a message to send or an edit. Raises InvalidForm with everything wrong at once, ApiError for the files."""
    check(body)
    reference = body.get("message_reference") or {}
    replied = reference.get("message_id")
    return Draft(
        content=body.get("content") or "",
        embeds=[{"type": "rich", **embed} for embed in body.get("embeds") or []],
        components=body.get("components") or [],
        attachments=list(attachments(exchange, body, files, channel).values()),
        flags=body.get("flags") or 0,
        reply_to=snowflake("message_reference.message_id", replied) if replied else None,
        fail_if_not_exists=reference.get("fail_if_not_exists", True),
        allowed_mentions=body.get("allowed_mentions"),
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        tts=bool(body.get("tts")),
        fields=frozenset(body) | (frozenset({"attachments"}) if files else frozenset()),
    )


def attachments(exchange: Exchange, body: Json, files: Mapping[int, File], channel: Channel) -> dict[int, Attachment]:
    """By the number that the form gave each file."""
    if len(files) > MAX_FILES:
        raise errors.ApiError(400, 30015, f"Maximum number of attachments in a message reached ({MAX_FILES})")
    if any(len(file.content) > cdn.MAX_FILE_BYTES for file in files.values()):
        raise errors.file_too_large()
    about = {snowflake("attachments", item["id"]): item for item in body.get("attachments") or [] if "id" in item}
    return {number: _kept(exchange, channel, file, about.get(number, {})) for number, file in files.items()}


def _kept(exchange: Exchange, channel: Channel, file: File, about: Json) -> Attachment:
    name = about.get("filename") or file.filename
    return exchange.world.attach(channel, name, file.content, description=about.get("description"))


def check(body: Json) -> None:
    """Raises InvalidForm."""
    problems: Problems = {}
    _check_plain(body, problems)
    _check_mentions(body.get("allowed_mentions") or {}, problems)
    _check_embeds(body.get("embeds") or [], problems)
    v2 = bool((body.get("flags") or 0) & COMPONENTS_V2)
    _check_components(body.get("components") or [], v2, problems)
    if v2 and (body.get("content") or body.get("embeds")):
        message = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        problems["content"] = ("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    if problems:
        raise errors.InvalidForm(problems)


def _check_plain(body: Json, problems: Problems) -> None:
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        problems["content"] = ("STRING_TYPE_CONVERT", "Could not interpret value as string.")
    elif content and len(content) > MAX_CONTENT:
        problems["content"] = _long(MAX_CONTENT)
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > MAX_NONCE:
        problems["nonce"] = ("NONCE_TYPE_TOO_LONG", f"Must be {MAX_NONCE} or fewer in length.")
    if (body.get("message_reference") or {}).get("type"):
        problems["message_reference.type"] = ("ENUM_TYPE_COERCE", "Forwarding is not served here.")


def _check_mentions(allowed: Json, problems: Problems) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            problems["allowed_mentions"] = ("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
        if len(allowed.get(kind) or []) > 100:
            problems[f"allowed_mentions.{kind}"] = _long(100)


def _check_embeds(embeds: list[Json], problems: Problems) -> None:
    if len(embeds) > MAX_EMBEDS:
        problems["embeds"] = _long(MAX_EMBEDS)
    for index, embed in enumerate(embeds):
        for path, limit in _EMBED_LENGTHS.items():
            if len(_at(embed, path) or "") > limit:
                problems[f"embeds.{index}.{path}"] = _long(limit)
        if len(embed.get("fields") or []) > MAX_FIELDS:
            problems[f"embeds.{index}.fields"] = _long(MAX_FIELDS)
        _check_embed_fields(embed, index, problems)
    if sum(map(_embed_characters, embeds)) > MAX_EMBED_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        problems["embeds"] = ("MAX_EMBED_SIZE_EXCEEDED", message)


def _check_embed_fields(embed: Json, index: int, problems: Problems) -> None:
    for number, entry in enumerate(embed.get("fields") or []):
        for key, limit in (("name", 256), ("value", 1024)):
            if not entry.get(key):
                problems[f"embeds.{index}.fields.{number}.{key}"] = ("BASE_TYPE_REQUIRED", "This field is required")
            elif len(entry[key]) > limit:
                problems[f"embeds.{index}.fields.{number}.{key}"] = _long(limit)


def _embed_characters(embed: Json) -> int:
    own = sum(len(_at(embed, path) or "") for path in _EMBED_LENGTHS)
    fields = embed.get("fields") or []
    return own + sum(len(entry.get("name") or "") + len(entry.get("value") or "") for entry in fields)


def _check_components(tree: list[Json], v2: bool, problems: Problems) -> None:
    every = list(components.walk(tree))
    if v2 and len(every) > MAX_COMPONENTS_V2:
        problems["components"] = ("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"At most {MAX_COMPONENTS_V2} components")
    if not v2 and (len(tree) > MAX_ROWS or any(part.get("type") != components.ROW for part in tree)):
        problems["components"] = ("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} rows.")
    ids = [part["custom_id"] for part in every if part.get("custom_id")]
    if len(ids) != len(set(ids)):
        problems["components"] = ("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    for row, part in enumerate(every):
        inside = part.get("components") or []
        if part.get("type") == components.ROW and not 1 <= len(inside) <= MAX_IN_ROW:
            problems[f"components.{row}.components"] = ("BASE_TYPE_BAD_LENGTH", f"Must be 1 to {MAX_IN_ROW}.")
        for key, limit in _COMPONENT_LENGTHS.items():
            if len(part.get(key) or "") > limit:
                problems[f"components.{row}.{key}"] = _long(limit)


def _long(limit: int) -> tuple[str, str]:
    return ("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _at(tree: Json, path: str) -> str | None:
    value: Any = tree
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _parsed(content: bytes) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        raise errors.invalid_json() from None
    return body if isinstance(body, dict) else {}

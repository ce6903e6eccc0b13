"""Bodies that carry a message, as JSON or multipart, made into drafts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playground import errors, shapes
from playground.entities import COMPONENTS_V2, Channel, Json, Message
from playground.posting import Draft
from playground.rest import bodies, component_rules, multipart, uploads
from playground.rest.exchange import JSON, Exchange
from playground.rest.multipart import Part
from playground.rest.uploads import File, Files
from playground.shapes import Problems, inside, parsed

MULTIPART = "multipart/form-data"
_PAYLOAD = "payload_json"
_PLAIN: Mapping[str, Callable[[str], Any]] = {"content": str, "nonce": str, "tts": lambda text: text.lower() == "true"}
MAX_EMBED_CHARACTERS = 6000
_COUNTED = ("title", "description", "footer.text", "author.name")
_SHOWN = ("title", "description", "author", "footer", "image", "thumbnail", "fields", "timestamp", "url")


@dataclass(frozen=True, slots=True)
class Form:
    body: Json
    files: Files


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
        said = _said(parts)
    except ValueError as error:
        raise errors.InvalidForm({"": ("MULTIPART_INVALID", f"Could not read the body: {error}.")}) from None
    return Form(shapes.read(shape, said), _files(parts))


def _said(parts: Sequence[Part]) -> Any:
    """One part with everything as JSON, or else the plain fields that there can be, as `curl -F` sends them."""
    for part in parts:
        if part.name == _PAYLOAD:
            return parsed(part.content)
    plain = [part for part in parts if part.filename is None and part.name in _PLAIN]
    return {part.name: _PLAIN[part.name](part.content.decode()) for part in plain}


def _files(parts: Sequence[Part]) -> Files:
    """By the numbers in their names; the others, such as `file`, come after those."""
    files: dict[int, File] = {}
    others: list[File] = []
    for part in parts:
        numbered = re.fullmatch(r"files\[([0-9]{1,4})\]", part.name)
        if numbered:
            files[int(numbered[1])] = File(part.filename or "file", part.content)
        elif part.filename is not None and part.name != _PAYLOAD:
            others.append(File(part.filename or "file", part.content))
    return files | dict(enumerate(others, max(files, default=-1) + 1))


def draft(
    exchange: Exchange, body: Json, files: Files, channel: Channel, at: str = "", *, on: Message | None = None
) -> Draft:
    """Of a message to send or of an edit, `body` read with its shape and standing under `at` in the request.

    `on`: the message that is to change; what would become of it is judged. Raises InvalidForm with everything wrong at
    once, ApiError for the files.
    """
    problems: Problems = {}
    _check(body if on is None else _merged(on, body), channel, at, problems)
    uploads.check(body, files, on, at, problems)
    if problems:
        raise errors.InvalidForm(problems)
    reference = body.get("message_reference") or {}
    replied = reference.get("message_id")
    return Draft(
        content=(body.get("content") or "").strip(),
        embeds=[{"type": "rich", **embed} for embed in body.get("embeds") or []],
        components=body.get("components") or [],
        attachments=uploads.attachments(exchange.world, body, files, channel, on),
        flags=body.get("flags") or 0,
        reply_to=int(replied) if replied else None,
        fail_if_not_exists=reference.get("fail_if_not_exists", True),
        allowed_mentions=body.get("allowed_mentions"),
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        tts=bool(body.get("tts")),
        fields=frozenset(body) | (frozenset({"attachments"}) if files else frozenset()),
    )


def check_modal(body: Json, at: str) -> None:
    """Raises InvalidForm."""
    problems: Problems = {}
    component_rules.check(body["components"], inside(at, "components"), problems)
    if problems:
        raise errors.InvalidForm(problems)


def _merged(message: Message, body: Json) -> Json:
    """As the message would be; components of the second version cannot be given up again."""
    held = {"content": message.content, "embeds": message.embeds, "components": message.components}
    return {**held, **body, "flags": (body.get("flags") or 0) | message.flags & COMPONENTS_V2}


def _check(body: Json, channel: Channel, at: str, problems: Problems) -> None:
    _check_mentions(body.get("allowed_mentions") or {}, inside(at, "allowed_mentions"), problems)
    _check_embeds(body.get("embeds") or [], inside(at, "embeds"), problems)
    v2 = bool((body.get("flags") or 0) & COMPONENTS_V2)
    component_rules.check_message(body.get("components") or [], v2, inside(at, "components"), problems)
    if v2 and (body.get("content") or body.get("embeds")):
        field = "content" if body.get("content") else "embeds"
        message = f"The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        problems[inside(at, field)] = ("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    if (body.get("message_reference") or {}).get("channel_id", str(channel.id)) != str(channel.id):
        message = "Cannot reply to a message in a different channel"
        problems[inside(at, "message_reference")] = ("REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", message)


def _check_mentions(allowed: Json, at: str, problems: Problems) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            problems[at] = ("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _check_embeds(embeds: list[Json], at: str, problems: Problems) -> None:
    if sum(map(_embed_characters, embeds)) > MAX_EMBED_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        problems[at] = ("MAX_EMBED_SIZE_EXCEEDED", message)
    for index, embed in enumerate(embeds):
        if not any(embed.get(key) for key in _SHOWN):
            problems[inside(at, f"{index}.description")] = ("BASE_TYPE_REQUIRED", "This field is required")


def _embed_characters(embed: Json) -> int:
    own = sum(len(_text(embed, path)) for path in _COUNTED)
    return own + sum(len(entry["name"]) + len(entry["value"]) for entry in embed.get("fields") or [])


def _text(embed: Json, path: str) -> str:
    outer, _, inner = path.partition(".")
    value: Any = embed.get(outer) or ("" if not inner else {})
    return str(value.get(inner, "")) if inner else str(value)

"""Discord's own description of its HTTP API, held against what went over the wire.

The description (OpenAPI 3.1) is read from the file that DISCORD_OPENAPI names and is no part of this project. A body is
checked twice: against its schema, and for keys that the schema does not know, which JSON Schema lets pass. Schemas are
compiled when first needed. Of a value that fits none of several forms, the errors of the form it comes nearest to are
told: the one whose `type` it has.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from tests.contract.exchange import Exchange

_DOCUMENT = "urn:discord"
Schema = dict[str, Any]

LIBRARY_KEYS = (
    re.compile(r"\$(\[\d+\])?\.nsfw"),  # of a command: in Discord's reference, not in its file
    re.compile(r"\$(\.data|\.message)?\.tts"),  # discord.py sends it with edits too
    re.compile(
        r"\$(\.data|\.message)?\.attachments\[\d+\]\.(url|proxy_url|size|spoiler|content_type|ephemeral)"
    ),  # and all of a file
    re.compile(r"\$(\.data|\.message)?\.embeds\[\d+\]\.flags"),  # discord.py gives back what came with an embed
)
"""Keys of requests beyond the document that Discord is known to take, as JSON paths."""

LIBRARY_PARAMETERS = frozenset({"use_nested_fields"})
"""Of the query: discord.py asks for the message of a new post in a forum with it."""

NESTED = frozenset({("POST /channels/{channel_id}/threads", "$.message")})
"""What answers hold beyond the document: Discord's reference has the first message in the answer to a new post."""

UNSERVED = re.compile(
    r"\$(\.data)?\.(sticker_ids|poll|shared_client_theme|username|avatar_url|thread_name|applied_tags|access_tokens|nicks)\b.*"
)
"""Keys that the playground passes over, whatever they hold, or refuses to serve."""

_UNKNOWN = "is a key that Discord does not know"
_ID = re.compile(r"_id$|(attachments|default_values|emoji)\.id$|\.(users|roles|messages)$")


@dataclass(frozen=True, slots=True)
class Breach:
    where: str
    """Method, path template, and whether it is the request or the answer."""
    at: str
    """JSON path, or the name of a parameter or header."""
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.at}: {self.expected}"


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    item: Schema
    described: Schema
    found: dict[str, str]
    """Path parameters."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def pointer(self) -> str:
        return f"/paths/{_escaped(self.path)}/{self.method.lower()}"

    def parameters(self, place: str) -> Iterator[tuple[str, Schema, str]]:
        """Name, description and pointer to the schema of each."""
        for owner, root in ((self.item, f"/paths/{_escaped(self.path)}"), (self.described, self.pointer)):
            for index, parameter in enumerate(owner.get("parameters", ())):
                if parameter.get("in") == place:
                    yield parameter["name"], parameter, f"{root}/parameters/{index}/schema"


class Contract:
    def __init__(self, document: Schema) -> None:
        self.document = _amended(document)
        self._registry = jsonschema_rs.Registry([(_DOCUMENT, self.document)])
        # Literal segments before variables: @original is no message id.
        paths = sorted(document["paths"], key=lambda path: path.replace("{", "\uffff"))
        self._paths = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), path) for path in paths]
        self._validator = cache(self._compiled)

    @classmethod
    def from_environment(cls) -> Contract | None:
        path = Path(os.environ.get("DISCORD_OPENAPI", ""))
        return cls(json.loads(path.read_text())) if path.is_file() else None

    def operation(self, method: str, path: str) -> Operation | None:
        for pattern, template in self._paths:
            match = pattern.fullmatch(path)
            item = self.document["paths"][template]
            if match and method.lower() in item:
                return Operation(method, template, item, item[method.lower()], match.groupdict())
        return None

    def breaches(self, exchange: Exchange) -> list[Breach]:
        """Of a careless request only the body, if it was accepted: Discord passes over much in a query.

        What the playground does not serve is answered 501, whether Discord has it or not.
        """
        operation = self.operation(exchange.method, exchange.path)
        if operation is None:
            known = exchange.status == 501
            where = f"{exchange.method} {exchange.path}"
            return [] if known and exchange.careless else [Breach(where, "path", "is not in Discord's API")]
        found = list(self._answer(operation, exchange))
        if exchange.status < 400 or not exchange.careless:
            found += self._request(operation, exchange)
        if not exchange.careless:
            found += self._parameters(operation, exchange)
        return found

    def check(self, where: str, pointer: str, value: Any) -> Iterator[Breach]:
        """`pointer` to a schema in the document, such as /components/schemas/MessageResponse."""
        for error in self._validator(pointer).iter_errors(value):
            for path, message in _nearest(error):
                yield Breach(where, _path(path), message)
        for steps in self._unknown([{"$ref": f"#{pointer}"}], value, ()):
            yield Breach(where, _path(steps), _UNKNOWN)

    def at(self, pointer: str) -> Any:
        node: Any = self.document
        for step in pointer.strip("#/").split("/"):
            step = unquote(step).replace("~1", "/").replace("~0", "~")
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node

    def _parameters(self, operation: Operation, exchange: Exchange) -> Iterator[Breach]:
        where = f"{operation.name} request"
        for name, _, pointer in operation.parameters("path"):
            if not self._fits(pointer, unquote(operation.found[name])):
                yield Breach(where, f"path {name}", f"{operation.found[name]!r} does not fit")
        known = {name: pointer for name, _, pointer in operation.parameters("query")}
        for name, value in exchange.query:
            if name in LIBRARY_PARAMETERS:
                continue
            if name not in known:
                yield Breach(where, f"query {name}", "is no parameter of this request")
            elif not self._fits(known[name], value):
                yield Breach(where, f"query {name}", f"{value!r} does not fit")

    def _fits(self, pointer: str, text: str) -> bool:
        return any(self._validator(pointer).is_valid(value) for value in _readings(text))

    def _request(self, operation: Operation, exchange: Exchange) -> Iterator[Breach]:
        where = f"{operation.name} request"
        if not exchange.sent:
            if operation.described.get("requestBody", {}).get("required"):
                yield Breach(where, "$", "must not be empty")
            return
        kinds = operation.described.get("requestBody", {}).get("content", {})
        if exchange.content_type not in kinds:
            yield Breach(where, "Content-Type", f"{exchange.content_type!r} is none of {', '.join(kinds) or 'none'}")
            return
        # A multipart body has its JSON in one part, and the files beside it are checked with the unwritten rules.
        pointer = f"{operation.pointer}/requestBody/content/application~1json/schema"
        body = exchange.body()
        if body is not None:
            found = self.check(where, pointer, _with_ids_as_text(body))
            let_in = _passed_over if exchange.careless else _of_library
            yield from (breach for breach in found if not let_in(breach))

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[Breach]:
        where = f"{operation.name} {exchange.status}"
        status = str(exchange.status)
        responses = operation.described["responses"]
        if status not in responses and 400 <= exchange.status < 500:
            status = "4XX"
        if status not in responses:
            yield Breach(where, "status", f"is none of {', '.join(responses)}")
            return
        pointer = f"{operation.pointer}/responses/{status}"
        if "$ref" in responses[status]:
            pointer = responses[status]["$ref"].removeprefix("#")
        if "content" not in self.at(pointer):
            if exchange.received:
                yield Breach(where, "$", "must be empty")
        elif not exchange.received:
            yield Breach(where, "$", "must not be empty")
        else:
            found = self.check(where, f"{pointer}/content/application~1json/schema", exchange.answer())
            yield from (breach for breach in found if (operation.name, breach.at) not in NESTED)

    def _compiled(self, pointer: str) -> jsonschema_rs.Draft202012Validator:
        schema = {"$ref": f"{_DOCUMENT}#{pointer.replace('{', '%7B').replace('}', '%7D')}"}
        return jsonschema_rs.Draft202012Validator(
            schema,
            registry=self._registry,
            mask="it",
            validate_formats=True,
            ignore_unknown_formats=True,
            formats={"uri": _is_address},
        )

    def _unknown(self, schemas: Iterable[Schema], value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, ...]]:
        fitting = [form for schema in schemas for form in self._forms(schema, value)]
        if isinstance(value, list):
            inner = [form["items"] for form in fitting if "items" in form]
            for index, item in enumerate(value):
                yield from self._unknown(inner, item, (*path, index))
        elif isinstance(value, dict):
            open_to_all = any("properties" not in form for form in fitting) or not fitting
            for key, item in value.items():
                inner = [form["properties"][key] for form in fitting if key in form.get("properties", {})]
                if inner:
                    yield from self._unknown(inner, item, (*path, key))
                elif not open_to_all:
                    yield (*path, key)

    def _forms(self, schema: Schema, value: Any) -> Iterator[Schema]:
        """The schemas without references and alternatives that a value of its type could be meant for."""
        if "$ref" in schema:
            yield from self._forms(self.at(schema["$ref"]), value)
        elif "allOf" in schema or "oneOf" in schema or "anyOf" in schema:
            for inner in [*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())]:
                yield from self._forms(inner, value)
        elif not isinstance(value, dict) or self._meant(schema, value):
            yield schema

    def _meant(self, schema: Schema, value: dict[str, Any]) -> bool:
        if "object" not in schema.get("type", "object"):
            return False
        kind = schema.get("properties", {}).get("type")
        return kind is None or "type" not in value or self._is_of(kind, value["type"])

    def _is_of(self, schema: Schema, value: Any) -> bool:
        if "enum" in schema:
            return value in schema["enum"]
        return any(form.get("const", value) == value for form in self._forms(schema, value))


def _amended(document: Schema) -> Schema:
    """Codes of fields are names such as BASE_TYPE_REQUIRED, as Discord's reference shows; its file has numbers.

    The file knows no media channels (16); discord.py names them with every option for a forum.
    """
    schemas = document["components"]["schemas"]
    named = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    inner = {**schemas["InnerErrors"], "properties": {"_errors": {"type": "array", "minItems": 1, "items": named}}}
    kinds = schemas["ChannelTypes"]
    media = {"title": "GUILD_MEDIA", "const": 16}
    amended = {"InnerErrors": inner, "ChannelTypes": {**kinds, "oneOf": [*kinds["oneOf"], media]}}
    return {**document, "components": {**document["components"], "schemas": {**schemas, **amended}}}


def _is_address(text: str) -> bool:
    """Discord takes letters of every script in what its file calls a URI, and names of files as they are."""
    return re.match(r"[A-Za-z]+://.", text) is not None


def _nearest(error: Any) -> Iterator[tuple[list[str | int], str]]:
    context = getattr(error.kind, "context", None)
    if not context:
        yield error.instance_path, error.message
        return
    kind = [*error.instance_path, "type"]
    # Forms of another `type` last, then those of another kind of value, then those that fail early.
    ranked = sorted(context, key=lambda errors: (_has(errors, kind), _mistaken(errors, error), -_depth(errors)))
    for each in ranked[0]:
        yield from _nearest(each)


def _has(errors: list[Any], path: list[str | int]) -> bool:
    return any(error.instance_path == path for error in errors)


def _mistaken(errors: list[Any], outer: Any) -> bool:
    return any(error.instance_path == outer.instance_path and "not of type" in error.message for error in errors)


def _depth(errors: list[Any]) -> int:
    return max(len(error.instance_path) for error in errors)


def _unknown(breach: Breach) -> bool:
    return breach.expected == _UNKNOWN


def _passed_over(breach: Breach) -> bool:
    return _unknown(breach) or bool(UNSERVED.fullmatch(breach.at))


def _of_library(breach: Breach) -> bool:
    return _unknown(breach) and any(pattern.fullmatch(breach.at) for pattern in LIBRARY_KEYS)


def _path(steps: Iterable[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _readings(text: str) -> list[Any]:
    """What a text in a path or query may stand for."""
    found: list[Any] = [text]
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        found.append(int(text))
    if text.lower() in ("true", "false", "1", "0"):
        found.append(text.lower() in ("true", "1"))
    return found


def _with_ids_as_text(body: Any, key: str = "") -> Any:
    """Discord takes ids as numbers too, and discord.py sends them so."""
    if isinstance(body, dict):
        return {name: _with_ids_as_text(value, f"{key}.{name}") for name, value in body.items()}
    if isinstance(body, list):
        return [_with_ids_as_text(value, key) for value in body]
    if isinstance(body, int) and not isinstance(body, bool) and _ID.search(key):
        return str(body)
    return body

"""Discord's own description of its HTTP API, held against what goes over the wire."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import jsonschema_rs

_DOCUMENT = "urn:discord"


@dataclass(slots=True)
class Exchange:
    method: str
    path: str
    content_type: str = ""
    sent: bytearray = field(default_factory=bytearray)
    status: int = 0
    received: bytearray = field(default_factory=bytearray)


class Wire:
    """Everything a bot's HTTP client sends and gets, by `trace`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._start)
        self.trace.on_request_chunk_sent.append(self._sent)
        self.trace.on_response_chunk_received.append(self._received)
        self.trace.on_request_end.append(self._end)

    async def _start(self, session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
        context.exchange = Exchange(params.method, params.url.path)
        self.exchanges.append(context.exchange)

    async def _sent(self, session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
        context.exchange.sent += params.chunk

    async def _received(self, session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
        context.exchange.received += params.chunk

    async def _end(self, session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
        context.exchange.status = params.response.status
        context.exchange.content_type = params.response.request_info.headers.get("Content-Type", "")


class Contract:
    def __init__(self, document: dict[str, Any]) -> None:
        self._registry = jsonschema_rs.Registry([(_DOCUMENT, document)])
        self._document = document
        # Literal segments before variables: @original is no message id.
        paths = sorted(document["paths"], key=lambda path: path.replace("{", "\uffff"))
        self._paths = [(re.compile(re.sub(r"\{\w+\}", r"[^/]+", path)), path) for path in paths]

    def breaches(self, exchange: Exchange) -> list[str]:
        path = self._path(exchange.path.removeprefix("/api/v10"))
        if path is None:
            return []
        operation = self._document["paths"][path][exchange.method.lower()]
        where = f"{exchange.method} {path}"
        found = []
        if exchange.sent:
            found += self._check(f"{where} request", self._request(where, operation), _lenient(_body(exchange)))
        if exchange.received:
            answer = json.loads(exchange.received)
            found += self._check(
                f"{where} {exchange.status}", self._response(where, operation, exchange.status), answer
            )
        return found

    def _path(self, asked: str) -> str | None:
        return next((path for pattern, path in self._paths if pattern.fullmatch(asked)), None)

    def _request(self, where: str, operation: dict[str, Any]) -> str:
        assert "application/json" in operation["requestBody"]["content"], where
        return self._pointer(where, "requestBody", "content", "application/json", "schema")

    def _response(self, where: str, operation: dict[str, Any], status: int) -> str:
        if status == 429:
            return "/components/schemas/RatelimitedResponse"
        if status >= 400:
            return "/components/schemas/Error"
        assert str(status) in operation["responses"], f"{where} does not answer {status}"
        return self._pointer(where, "responses", str(status), "content", "application/json", "schema")

    def _pointer(self, where: str, *steps: str) -> str:
        method, path = where.split(" ")
        parts = ["paths", path, method.lower(), *steps]
        return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)

    def _check(self, what: str, pointer: str, body: Any) -> list[str]:
        schema = {"$ref": f"{_DOCUMENT}#{pointer.replace('{', '%7B').replace('}', '%7D')}"}
        validator = jsonschema_rs.Draft202012Validator(schema, registry=self._registry)
        return [f"{what}: {error.instance_path}: {error.message[:300]}" for error in validator.iter_errors(body)]


def _body(exchange: Exchange) -> Any:
    if not exchange.content_type.startswith("multipart/"):
        return json.loads(exchange.sent)
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    whole = parser.parsebytes(b"Content-Type: " + exchange.content_type.encode() + b"\r\n\r\n" + bytes(exchange.sent))
    for part in whole.iter_parts():
        if part.get_param("name", header="content-disposition") == "payload_json":
            return json.loads(part.get_content())
    raise AssertionError("a multipart body without payload_json")


def _lenient(body: Any, key: str = "") -> Any:
    """Discord takes ids as numbers too, and discord.py sends them so."""
    if isinstance(body, dict) and isinstance(body.get("attachments"), list):
        body = {**body, "attachments": [_named(item) for item in body["attachments"]]}
    if isinstance(body, dict):
        return {name: _lenient(value, name) for name, value in body.items()}
    if isinstance(body, list):
        return [_lenient(value, key) for value in body]
    if isinstance(body, int) and not isinstance(body, bool) and (body > 1 << 40 or key.endswith("_id")):
        return str(body)
    return body


def _named(item: Any) -> Any:
    return {**item, "id": str(item["id"])} if isinstance(item, dict) and "id" in item else item

"""Whatever is sent to the playground, it answers as Discord would or refuses as Discord would, and goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.rest.api import ROUTES
from playground.rest.exchange import Route
from tests.contract import fuzz
from tests.contract.arena import Arena
from tests.contract.document import Contract, Operation
from tests.contract.inspector import Inspector

BOUNDARY = "line"


@pytest.fixture
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


@pytest.fixture
def contract(inspector: Inspector) -> Contract:
    if inspector.contract is None:
        pytest.skip("DISCORD_OPENAPI names no file: there is no description to make requests from")
    return inspector.contract


class Request:
    """Draws what is sent to one route."""

    def __init__(self, arena: Arena, contract: Contract, route: Route, draw: fuzz.Draw) -> None:
        self._arena = arena
        self._fitting = fuzz.Fitting(contract, arena.ids)
        self._draw = draw
        self.method = route.method
        self._template = route.path
        operation = contract.operation(route.method, re.sub(r"\{\w+\}", "1", route.path))
        assert operation is not None, f"{route.method} {route.path} is not in Discord's API"
        self._operation: Operation = operation

    def path(self) -> str:
        query = "&".join(self._query())
        return re.sub(r"\{(\w+)\}", self._variable, self._template) + (f"?{query}" if query else "")

    def content(self) -> dict[str, Any]:
        """Body and headers."""
        kinds = self._operation.described.get("requestBody", {}).get("content", {})
        if not kinds:
            return {}
        schema = kinds["application/json"]["schema"]
        body = fuzz.raw(self._draw, fuzz.as_json(fuzz.broken(self._draw, self._fitting.value(self._draw, schema))))
        form = self._draw(st.sampled_from(("json",) * 6 + ("multipart", "text")))
        if form == "multipart":
            return self._parts(body)
        type = "application/json" if form == "json" else self._draw(st.sampled_from(fuzz.STRANGE_TYPES))
        return {"data": body, "headers": {"Content-Type": type}}

    def _variable(self, match: re.Match[str]) -> str:
        name = "answer_id" if match[1] == "message_id" and "/webhooks/" in self._template else match[1]
        known = self._arena.path_values(name)
        # How many are known depends on what was done before; what is drawn from must not.
        place = self._draw(st.integers(0, 19))
        strange = self._draw(st.sampled_from((*[None] * 60, *fuzz.STRANGE_IDS)))
        return known[place % len(known)] if strange is None else strange

    def _query(self) -> Iterator[str]:
        for name, parameter, _ in self._operation.parameters("query"):
            match self._draw(st.sampled_from(("none", "fitting", "strange"))):
                case "fitting":
                    yield f"{name}={self._fitting.value(self._draw, parameter['schema'])}"
                case "strange":
                    yield f"{name}={self._draw(st.sampled_from(fuzz.STRANGE_IDS))}"

    def _parts(self, body: bytes) -> dict[str, Any]:
        type = self._draw(st.sampled_from((f"multipart/form-data; boundary={BOUNDARY}",) * 6 + fuzz.STRANGE_MULTIPART))
        return {"data": fuzz.multipart(self._draw, body, BOUNDARY), "headers": {"Content-Type": type}}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_any_request_is_answered_as_discord_would(
    route: Route, arena: Arena, contract: Contract, inspector: Inspector, request: pytest.FixtureRequest
) -> None:
    @fuzz.examples(request, 60 if route.method in ("POST", "PUT", "PATCH") else 20)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        arena.restore()
        drawn = Request(arena, contract, route, data.draw)
        path, content = drawn.path(), drawn.content()
        reply = arena.bot(drawn.method, path, **content)
        said = f"{drawn.method} {path} {content}: {reply.status} {reply.body!r}"
        assert reply.status < 500 or names_unserved(reply.body), said
        assert reply.status < 300 or is_an_error(reply.body), said
        breaches = inspector.breaches()
        assert not breaches, "\n".join((said, *map(str, breaches)))

    check()
    arena.stays_usable()


@pytest.mark.parametrize("body", fuzz.STRANGE_BODIES, ids=lambda body: repr(body[:8]))
def test_no_route_breaks_at_a_strange_body(body: bytes, arena: Arena, contract: Contract, inspector: Inspector) -> None:
    for route in ROUTES:
        operation = contract.operation(route.method, re.sub(r"\{\w+\}", "1", route.path))
        if operation is None or "requestBody" not in operation.described:
            continue
        arena.restore()
        path = re.sub(r"\{(\w+)\}", lambda match: arena.path_values(match[1])[0], route.path)
        reply = arena.bot(route.method, path, data=body, headers={"Content-Type": "application/json"})
        assert reply.status < 500, f"{route.method} {path}: {reply.status} {reply.body!r}"
        assert not inspector.breaches(), f"{route.method} {path}"


def names_unserved(body: Any) -> bool:
    """A part of a message that the playground says it has not."""
    return re.fullmatch(r"([\w.]+\.)?(poll|sticker_ids|type) is not served .*", body["message"]) is not None


def is_an_error(body: Any) -> bool:
    return isinstance(body, dict) and type(body.get("code")) is int and isinstance(body.get("message"), str)

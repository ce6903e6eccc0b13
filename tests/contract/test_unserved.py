"""The playground serves what its document lists; of everything else in the API it says that it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from playground.rest.api import ROUTES
from tests.contract.arena import Arena
from tests.contract.inspector import Inspector

PAGE = Path(__file__).parents[2] / "docs" / "playground.md"
METHODS = {"get", "post", "put", "patch", "delete"}


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path.replace("@original", "{}"))


def test_the_document_lists_what_is_served() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## What it serves")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z, ]+) (/\S*)` \|$", section, re.MULTILINE)
    told = [(method, path) for methods, path in rows for method in methods.split(", ")]
    assert sorted(told) == sorted((route.method, route.path) for route in ROUTES)


def test_whatever_else_discord_has_is_not_served(inspector: Inspector) -> None:
    if inspector.contract is None:
        pytest.skip("DISCORD_OPENAPI names no file: there is no list of what Discord has")
    served = {(route.method, nameless(route.path)) for route in ROUTES}
    described = inspector.contract.document["paths"].items()
    known = [(method.upper(), path) for path, item in described for method in item if method in METHODS]
    unserved = [(method, path) for method, path in known if (method, nameless(path)) not in served]
    assert len(unserved) > 100
    with Arena() as arena:
        for method, path in unserved:
            reply = arena.bot(method, re.sub(r"\{\w+\}", "1", path))
            assert reply.status == 501 and "not served" in reply.body["message"], f"{method} {path}: {reply}"

"""Habits that no linter knows: tests do not sleep, the domain is plain Python, functions and modules stay small."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("bot", "cogs", "playground", "bench")

SLEEPING = {
    "tests/llm/test_openai.py": "servers that are slow, as seen from the adapter, which reads the real clock",
    "tests/delivery/test_target.py": "windows of a real server, on which discord.py sleeps by the real clock",
}
"""Tests in which something takes real time, by their reason."""

MAX_MODULE = 400
MAX_FUNCTION = 50
"""Lines. Migrations are records, not code that is read."""


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def sleeps(tree: ast.Module) -> list[int]:
    """Lines that wait for a time. `asyncio.sleep(0)` waits for none, a `Clock` for its own."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _sleeps(node)]


def _sleeps(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        named = function.id == "sleep"
    else:
        named = isinstance(function, ast.Attribute) and ast.unparse(function) in ("asyncio.sleep", "time.sleep")
    return named and not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)


def imported(tree: ast.Module) -> set[str]:
    """Modules by their dotted names."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def test_no_test_sleeps() -> None:
    sleeping = {path for path, tree in modules("tests") if sleeps(tree)}
    assert sleeping == set(SLEEPING)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("await asyncio.sleep(0.1)", True),
        ("time.sleep(seconds)", True),
        ("sleep(1)", True),
        ("await asyncio.sleep(0)", False),
        ("await clock.sleep(5)", False),
    ],
)
def test_a_sleep_is_known_when_seen(code: str, found: bool) -> None:
    assert bool(sleeps(ast.parse(f"async def test() -> None:\n    {code}"))) is found


def test_the_domain_needs_the_standard_library_alone() -> None:
    foreign = {
        (path, name)
        for path, tree in modules("bot/domain")
        for name in imported(tree)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(("bot.domain", "bot.errors"))
    }
    assert foreign == set()


def test_modules_are_short() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path, _ in modules(*CODE)}
    assert {path: lines for path, lines in lengths.items() if lines >= MAX_MODULE} == {}


def test_functions_are_short() -> None:
    long = {
        f"{path}: {node.name}"
        for path, tree in modules(*CODE)
        if "/migrations/" not in path
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _lines(node) > MAX_FUNCTION
    }
    assert long == set()


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.body[0].lineno + 1

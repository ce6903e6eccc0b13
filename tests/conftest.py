"""What holds for every test: code of the program that blocks the event loop fails it, and so does whatever a bot and a
playground say to each other that breaks Discord's contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

from bot import words
from tests.contract.document import Contract
from tests.contract.inspector import Inspector

ALLOWED = (
    # A database is opened before the program serves anybody.
    ("bot/storage/storage.py", {"make_directory", "take", "close"}),
    ("bot/storage/migration.py", {"migrate_to_head", "refuse_newer", "alembic_config"}),
    # asyncpg looks for a file with passwords when it connects.
    ("asyncpg/connect_utils.py", {"_parse_connect_arguments"}),
    # SQLAlchemy makes the path of a file absolute when it opens a connection: no file is touched.
    ("sqlalchemy/dialects/sqlite/pysqlite.py", {"create_connect_args"}),
    # A traceback quotes the source.
    ("linecache.py", {"updatecache", "checkcache"}),
    ("rich/traceback.py", {"_render_stack"}),
    # Log lines are short and go to standard error.
    ("logging/__init__.py", {"emit", "flush"}),
)


@pytest.fixture(autouse=True, scope="session")
def words_are_loaded() -> None:
    """As at the program's start."""
    words.load()


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[None]:
    with blockbuster_ctx(scanned_modules=["bot", "cogs"]) as blockbuster:
        for function in blockbuster.functions.values():
            for filename, functions in ALLOWED:
                function.can_block_in(filename, functions)
        yield


@pytest.fixture(autouse=True, scope="session")
def inspector() -> Iterator[Inspector]:
    inspector = Inspector(Contract.from_environment())
    with inspector.listening():
        yield inspector


@pytest.fixture(autouse=True)
def nothing_breaks_the_contract(inspector: Inspector) -> Iterator[None]:
    yield
    breaches = inspector.breaches()
    assert not breaches, "\n".join(map(str, breaches))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, default=1, help="times the usual number of generated requests and texts")

"""Listens to every playground that a test starts, and says what breaks the contract with Discord."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web

from playground import server
from playground.gateway.session import Session
from tests.contract import dispatches, unwritten
from tests.contract.document import Breach, Contract
from tests.contract.exchange import API, Exchange, Tape


class Inspector:
    """`contract` None: only the rules that need no document are checked."""

    def __init__(self, contract: Contract | None) -> None:
        self.contract = contract
        self._tape = Tape()
        self._told: list[Breach] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """To all playgrounds made meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            build_app, dispatch = server.build_app, Session.dispatch

            def watched(*arguments: Any, **options: Any) -> web.Application:
                app = build_app(*arguments, **options)
                self._tape.watch(app)
                return app

            def heard(session: Session, name: str, data: dict[str, Any]) -> None:
                self._told += dispatches.breaches(self.contract, name, data)
                dispatch(session, name, data)

            patch.setattr(server, "build_app", watched)
            patch.setattr(Session, "dispatch", heard)
            yield

    def breaches(self) -> list[Breach]:
        """Since the last call."""
        told, self._told = self._told, []
        return [*told, *(breach for exchange in self._tape.taken() for breach in self.of(exchange))]

    def of(self, exchange: Exchange) -> list[Breach]:
        operation = self.contract.operation(exchange.method, exchange.path) if self.contract else None
        name = operation.name if operation else f"{exchange.method} {exchange.path}"
        if exchange.stray:
            return [Breach(name, "path", f"is neither under {API} nor anything else of a playground")]
        if exchange.crashed:
            return [Breach(name, "status", "the playground's code failed")]
        if exchange.status >= 500:
            return []
        found = self.contract.breaches(exchange) if self.contract else []
        return found + [
            Breach(f"{name} {exchange.status} ({rule})", at, expected)
            for rule, (at, expected) in unwritten.broken(exchange)
        ]

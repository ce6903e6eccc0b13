"""The web page of the playground, and what it needs beside the playground's own interface."""

from __future__ import annotations

from playground.page.routes import routes

__all__ = ["routes"]

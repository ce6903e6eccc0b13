"""Names as people type them."""

from __future__ import annotations

from bot.storage import personas


def folded(name: str) -> str:
    """What makes two names the same: neither case nor spaces, nor how Korean syllables are put together."""
    return personas.folded(" ".join(name.split()))

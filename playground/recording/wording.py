"""Words that reports have in common."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """With the noun in the singular or with an s, as the number asks for."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

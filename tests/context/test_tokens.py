from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
import tiktoken.load
import tiktoken.registry
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context import tokens
from bot.context.tokens import RanksUnusable, TokenCounter, encoding_name, provide_ranks

O200K = "fb374d419588a4632f3f557e76b4b70aebbca790"
CL100K = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("ab  \n가나ㅋ🐙.:")), max_size=300)
MARKER = "\n[…]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("developer", 1), ("독도는 우리땅", 6), ("<|endoftext|>", 7), ("a\ud800b", 3)],
)
def test_counts(counter: TokenCounter, text: str, expected: int) -> None:
    assert counter.count(text) == expected


def test_the_old_encoding(tmp_path: Path) -> None:
    counter = TokenCounter("gpt-4", cache_dir=tmp_path)
    asyncio.run(counter.load())
    assert counter.count("독도는 우리땅") == 10
    assert [path.name for path in tmp_path.iterdir()] == [CL100K]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-6-luna", "o200k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("ft:gpt-4.1-mini-2025-04-14:us::1", "o200k_base"),
        ("ft:gpt-4o:us::1", "o200k_base"),
        ("ft:gpt-3.5-turbo:us::1", "cl100k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("gpt-oss-20b", "o200k_base"),
        ("text-davinci-003", "o200k_base"),
        ("llama3:latest", "o200k_base"),
        ("", "o200k_base"),
    ],
)
def test_encoding_of_a_model(model: str, name: str) -> None:
    assert encoding_name(model) == name


@settings(deadline=None)
@given(text=TEXTS, limit=st.integers(0, 80))
def test_head_is_a_start_within_the_limit(counter: TokenCounter, text: str, limit: int) -> None:
    head = counter.head(text, limit)
    assert counter.count(head) <= limit
    assert text.startswith(head)
    assert head == text or counter.count(text) > limit


@settings(deadline=None)
@given(text=TEXTS, limit=st.integers(0, 80))
def test_middle_cut_keeps_start_and_end(counter: TokenCounter, text: str, limit: int) -> None:
    cut = counter.middle_cut(text, limit, MARKER)
    assert counter.count(cut) <= limit
    if counter.count(text) <= limit:
        assert cut == text
    elif cut not in text:
        start, _, end = cut.partition(MARKER)
        assert text.startswith(start)
        assert text.endswith(end)


def test_a_cut_uses_its_room(counter: TokenCounter) -> None:
    text = " ".join(str(number) for number in range(5_000))
    assert 490 <= counter.count(counter.middle_cut(text, 500, MARKER)) <= 500
    assert 490 <= counter.count(counter.head(text, 500)) <= 500


def test_before_loading() -> None:
    with pytest.raises(RuntimeError):
        TokenCounter("gpt-4o", cache_dir=Path("nowhere")).count("a")


async def test_many_may_wait_for_one_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    provide = tokens.provide_ranks

    def counted(name: str, directory: Path) -> None:
        loads.append(name)
        provide(name, directory)

    monkeypatch.setattr(tokens, "provide_ranks", counted)
    counter = TokenCounter("gpt-4o", cache_dir=tmp_path)
    await asyncio.gather(*(counter.load() for _ in range(5)))
    await counter.load()
    assert loads == ["o200k_base"]


@pytest.mark.parametrize("damage", ["truncated", "other", "empty"])
def test_a_damaged_file_is_repaired(tmp_path: Path, damage: str) -> None:
    provide_ranks("cl100k_base", tmp_path)
    file = tmp_path / CL100K
    sound = file.read_bytes()
    file.write_bytes({"truncated": sound[:-1000], "other": b"x" + sound[1:], "empty": b""}[damage])
    provide_ranks("cl100k_base", tmp_path)
    assert file.read_bytes() == sound
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    provide_ranks("cl100k_base", tmp_path)
    before = (tmp_path / CL100K).stat()
    provide_ranks("cl100k_base", tmp_path)
    after = (tmp_path / CL100K).stat()  # its time of access may be new: it was read
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_several_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def provide() -> None:
        together.wait()
        try:
            provide_ranks("cl100k_base", tmp_path / "new")
        except BaseException as error:  # the thread's edge: told to the test
            errors.append(error)

    threads = [threading.Thread(target=provide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in (tmp_path / "new").iterdir()] == [CL100K]


async def test_a_directory_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    (tmp_path / "file").write_text("in the way")
    counter = TokenCounter("gpt-4", cache_dir=tmp_path / "file" / "cache")
    await counter.load()
    assert counter.count("developer") == 1


def test_tiktoken_never_fetches(counter: TokenCounter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert counter.count("a") == 1
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    with pytest.raises(RanksUnusable, match="about to fetch"):
        tiktoken.get_encoding("o200k_base")


def test_other_ranks_than_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tokens._RANKS, "cl100k_base", tokens._Ranks(CL100K, "0" * 64))
    with pytest.raises(RanksUnusable):
        provide_ranks("cl100k_base", tmp_path)
    assert list(tmp_path.iterdir()) == []

"""Every property is tried with 150 texts, times what `--fuzz` says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bot.delivery.fences import units
from bot.delivery.grammar import lined
from bot.delivery.render import Reader
from bot.delivery.split import PageText, Splitter, split, with_remark
from bot.delivery.tables import Cell, Columns, Table
from tests.delivery.markdown import ANSWERS, CHUNKS, CLUSTERS, prefixes

LIMIT = 120

WHOLES = (
    *("[a link](https://example.com/one)", "<@1234567890123456789>", "<:smile:1234567890>", "<t:1700000000:R>"),
    *("**fat words stay**", "`some code`", "||a secret||", "~~no more~~", "*leaning over*", "![i](https://i.mg/x.png)"),
)

LEADS = st.sampled_from(("", "> How many?", "> " + "왜 " * 12 + "…"))
SPOILER = re.compile(r"\|\|[\s\S]+?\|\|")
HIDING = (("Who did it: ||", "||"), ("||\n", "\n||"), ("> Who: ||", "||"), ("- ||", "||"), ("||", "||"), ("# ||", "||"))
HIDDEN = (
    *("그가 ", "했다. ", "**굵게 쓴** ", "\n", "\n\n", "`코드||` ", "*기울인\n말* ", "긴 낱말이 " * 9, "**열린 "),
    *(
        "\n- 하나\n- 둘\n",
        "\n# 제목\n",
        "\n#### 소제목\n",
        "\n> 인용\n> 더\n",
        "\n\n```py\n코드 || x\n```\n",
        "\n1. 첫째\n",
    ),
    *(
        "\n\n|가|나|\n|-|-|\n|다|라|\n\n",
        "\n```py\n" + "코드 한 줄\n" * 12 + "```\n",
        "\n> ```\n> 코드\n> ```\n",
        "\n> |가|나|\n> |-|-|\n> |다|라|\n",
    ),
)
GROWING = (
    *("$$\n\\int x\n$$\n", "$x^2$ is", "\\[ x^2 \\]\n", "<details><summary>x</summary>y", "**x<**<b>x</b>", "<br>x"),
    *(
        "<!-- c -->x",
        "<!-- c\n\nd --> x",
        "말 <!-- c\nd",
        "말: ```py\n가\n``` 그리고 나\n",
        "말: ```py 가\n나```\n다",
        "```py\n가```\n나",
        "$$f(x) = {\n- 가*나 $$\n다",
        "말 \\[가\n나\\] 다",
        "&nbsp;x y",
        "&amp; y",
        "![a](https://e.com/x.png)",
        "!x",
        "<@123> hi",
        "한글! 값 < $가 & ||비밀|| 끝",
    ),
    *(
        "Name | Val\n---|---\na | b\n",
        "**이름** | 값\n---|---\n가 | 나\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "> **말** | b\n> ---|---\n> 1 | 2\n",
        "a | b\nc",
        "[긴 말](https://e.com/x) | b\n---|---\n\nc",
        "| " + "긴 말 " * 12 + "| b |\n|---|---|\n\nc",
        "값은 $x$ | b\nc",
        "https://e.com/x y | b\n---|---\nc | d\n",
    ),
    *(
        "말[^1] x\n[^1]: y",
        "*말 x\n[^1]: y",
        "[1]: https://e.com/x y",
        "`말 <br> x\ny",
        "`말 &nbsp;x\ny",
        "https://e.com/x y",
        "http is",
        "링크는https://e.com/x with",
        "ahttps://e.com/x",
        "~~x~~ y",
        "```py\nx\n```\n",
        "1. one\n",
        "# H\n",
        "> q\n> w\n",
        "    code\nno\n",
    ),
)

Property = Callable[..., None]
Thorough = Callable[[Property], Property]


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> Thorough:
    return settings(
        max_examples=150 * int(request.config.getoption("--fuzz")),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def rendered(text: str, *, limit: int = LIMIT) -> str:
    """The whole text in Discord's dialect, with nothing opened again or closed early."""
    reader = Reader(limit)
    text = lined(text)
    pieces = reader.feed(text) + reader.end(text)
    return "".join(piece.space + piece.text for piece in pieces)


def stripped_of_tables(text: str) -> str:
    return text.replace("|", "")


def test_every_page_is_sound(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS, LEADS)
    def every_page(text: str, lead: str) -> None:
        for page in split(text, limit=LIMIT, lead=lead):
            assert 0 < units(page.text) <= LIMIT
            assert page.text.strip()
            assert page.text.count("```") % 2 == 0

    every_page()


def test_the_pages_together_are_the_rendered_text(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS.map(stripped_of_tables), LEADS)
    def together(text: str, lead: str) -> None:
        if whole := rendered(text):
            pages = split(text, limit=LIMIT, lead=lead)
            assert "".join(page.body for page in pages) == whole
            assert pages[0].text.startswith(lead)

    together()


def test_what_was_shown_stays(thorough: Thorough) -> None:
    """Chunks do not matter, ended pages never change, and what a page has shown is never found in another."""

    @thorough
    @given(ANSWERS, CHUNKS, st.booleans(), LEADS)
    def stays(text: str, sizes: list[int], quiet: bool, lead: str) -> None:
        splitter = Splitter(limit=LIMIT, quiet=quiet, lead=lead)
        whole = Splitter(limit=LIMIT, quiet=quiet, lead=lead).feed(text, final=True)
        most: dict[int, int] = {}
        for prefix in prefixes(text, sizes):
            pages = splitter.feed(prefix)
            assert pages[:-1] == whole[: max(len(pages) - 1, 0)]
            assert all(units(page.text) <= LIMIT and page.text.count("```") % 2 == 0 for page in pages)
            if pages:
                most[len(pages) - 1] = max(most.get(len(pages) - 1, 0), words(pages[-1]))
        assert splitter.feed(text, final=True) == whole
        for place, shown in most.items():
            assert shown <= words(whole[place])

    stays()


@pytest.mark.parametrize("pad", range(0, 60, 3))
def test_a_table_in_a_spoiler_leaves_room_for_its_end(pad: int) -> None:
    rows = "".join(f"| row {number:03d} of the table | {number} |\n" for number in range(120))
    text = f"||\n{'word ' * 100}{'x' * pad}\n\n| name | number |\n|---|---|\n{rows}\n||\n"
    assert max(units(page.text) for page in split(text)) <= 2_000


@pytest.mark.parametrize("box", ["", "[ ] ", "[x] "])
@pytest.mark.parametrize("mark", ["- ", "1. "])
def test_a_block_that_an_item_begins_with_is_one_as_it_comes(mark: str, box: str) -> None:
    text = f"Intro:\n{mark}{box}```bash\n  ls -la\n  ```\n{mark}next **bold**\n"
    splitter = Splitter()
    shown = [splitter.feed(text[:length]) for length in range(1, len(text) + 1)]
    assert shown[-1] == split(text)[:1]
    assert "```bash\n" in shown[-1][0].text and "**bold**" in shown[-1][0].text


def test_many_blank_lines_within_indented_code_make_no_page_too_long() -> None:
    text = "    first\n" + "\n" * 3_000 + "    last\n"
    for pages in (split(text), Splitter().feed(text)):
        assert all(0 < units(page.text) <= 2_000 for page in pages)
        assert ["first" in page.text and "last" in page.text for page in pages] == [True]


@pytest.mark.parametrize("indent", range(70, 100, 3))
def test_a_line_of_code_with_signs_of_two_units_is_parted_alike_whole_and_as_it_comes(indent: int) -> None:
    text = " " * indent + "00𐀀𐀀𐀀가나다라 마바사 " + "x" * 70 + "가나다라 마바사 "
    splitter, whole = Splitter(limit=LIMIT), split(text, limit=LIMIT)
    for length in range(1, len(text)):
        pages = splitter.feed(text[:length])
        assert pages[:-1] == whole[: max(len(pages) - 1, 0)]
    assert splitter.feed(text, final=True) == whole


def test_what_was_seen_is_not_withdrawn_for_a_moment(thorough: Thorough) -> None:
    """Left out are pipes, and tags and code without an end, which look different once it is certain that there is none.

    Discord has no tables: when a row has a link or is too wide, the rows above it become lists as well, in which each
    cell stands behind its header. What is shown of a table before it has a row is held by `GROWING`.
    """

    @thorough
    @given(ANSWERS.map(stripped_of_tables), CHUNKS, LEADS)
    def stays(text: str, sizes: list[int], lead: str) -> None:
        assert_grows(re.sub(r"<[^<>]*>|(?<![`\n])`+|(?<!`)`{1,2}(?!`)", "", text), sizes, lead=lead)

    stays()


@pytest.mark.parametrize("before", ["", "Lorem ipsum dolor sit amet. " * 10 + "\n\n"])
@pytest.mark.parametrize("text", GROWING)
def test_what_was_seen_of_a_few_words_is_not_withdrawn(before: str, text: str) -> None:
    assert_grows(before + text, [1])


@pytest.mark.parametrize("mark", ["", "> "])
@pytest.mark.parametrize("length", [900, 980, 1400, 1900, 2500])
@pytest.mark.parametrize("used", [0, 400, 900, 990])
def test_a_header_stays_where_it_was_shown_however_long_the_first_row_is(mark: str, length: int, used: int) -> None:
    lines = ("**말** | b", "---|---", f"1 | {'long ' * (length // 5)}", "2 | 3")
    table = "".join(f"{mark}{line}\n" for line in lines)
    assert_grows("x" * used + "\n\n" + table, [7])


def test_each_row_of_a_table_is_laid_out_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not with every row below it: a model that does not end writes thousands."""
    laid_out, line = [0], Columns.line

    def counted(columns: Columns, table: Table, cells: tuple[Cell, ...]) -> str:
        laid_out[0] += 1
        return line(columns, table, cells)

    monkeypatch.setattr(Columns, "line", counted)
    for row in ("|", "| x |", "| a long cell, of more columns than a table has here, with a [link](https://x.y) |"):
        laid_out[0], rows = 0, 1_000
        split("| a |\n|---|\n" + f"{row}\n" * rows)
        assert rows <= laid_out[0] <= 6 * rows


def test_blanks_below_what_may_be_a_header_are_read_once() -> None:
    assert [page.text for page in split("a | b\n" + " " * 100_000)] == ["a | b"]


def assert_grows(text: str, sizes: list[int], *, limit: int = 2000, lead: str = "") -> None:
    """What a page has shown, its marks apart, begins what it shows next."""
    splitter = Splitter(limit=limit, lead=lead)
    seen: dict[int, str] = {}
    for prefix in prefixes(text, sizes):
        pages = splitter.feed(prefix)
        for place in range(max(len(seen), len(pages))):
            now = unmarked(pages[place].text) if place < len(pages) else ""
            assert now.startswith(seen.get(place, "")), prefix
            seen[place] = now
    for place, page in enumerate(splitter.feed(text, final=True)):
        assert unmarked(page.text).startswith(seen.pop(place, ""))
    assert not any(seen.values())


def unmarked(page: str) -> str:
    return re.sub(r"[-+*_~|`>#\\\s\u200b]", "", page)


def words(page: PageText) -> int:
    """Hangul, which is in no tag or address that the texts are made of: what was shown of it never comes and goes."""
    return sum("가" <= character <= "힣" for character in page.body)


def test_what_people_see_as_a_character_is_not_cut(thorough: Thorough) -> None:
    """One of up to a ninth of a page: a larger one may have been shown in part when it turns out not to fit.

    Inline code is one piece: a space behind it stays with it even where what follows joins the space, and what joins
    its closing mark may not.
    """
    limit = 200

    @thorough
    @given(st.lists(CLUSTERS, max_size=80).map("".join))
    def not_cut(text: str) -> None:
        inside, place, whole = set[int](), 0, rendered(text, limit=limit)
        for cluster in iter_graphemes(whole):
            code = whole.startswith("`", place) or whole.startswith("` ", place - 1)
            if units(cluster) <= limit // 9 and not code:
                inside.update(range(place + 1, place + len(cluster)))
            place += len(cluster)
        cut = 0
        for page in split(text, limit=limit)[:-1]:
            cut += len(page.body)
            assert cut not in inside

    not_cut()


def test_what_was_seen_of_joined_characters_is_not_withdrawn(thorough: Thorough) -> None:
    @thorough
    @given(st.lists(CLUSTERS, max_size=60).map(lambda texts: "".join(texts).replace("`", "")), st.booleans(), CHUNKS)
    def stays(text: str, code: bool, sizes: list[int]) -> None:
        assert_grows(f"```\n{text}" if code else text, sizes, limit=LIMIT)

    stays()


def test_what_is_hidden_is_hidden_on_every_page_and_at_every_step(thorough: Thorough) -> None:
    @thorough
    @given(st.lists(st.sampled_from(HIDDEN), min_size=1, max_size=30), st.sampled_from(HIDING), CHUNKS, st.booleans())
    def hidden(blocks: list[str], hiding: tuple[str, str], sizes: list[int], closed: bool) -> None:
        secret = hiding[0] + "".join(blocks)
        ending = "\n||\n" if secret.rstrip().endswith(("`", "|")) else hiding[1]
        text = f"{secret.rstrip()}{ending} and after" if closed else secret
        splitter = Splitter(limit=LIMIT)
        steps = [splitter.feed(prefix) for prefix in prefixes(text, sizes)]
        for page in itertools.chain(*steps, split(text, limit=LIMIT), split(with_remark(text, "Cut off."))):
            assert not hangul(unhidden(page.text)), page.text
        assert hangul("".join(page.text for page in split(text, limit=LIMIT))) == hangul(text)
        remarked = "".join(page.text for page in split(with_remark(text, "Cut off.")))
        assert f"\n{remarked}".endswith("\n-# Cut off.")
        joined = " ".join(page.text.removeprefix("> ") for page in split(text, limit=LIMIT))
        assert not closed or "and after" in unhidden(joined)

    hidden()


def unhidden(page: str) -> str:
    """What Discord shows without a click. It reads a quotation, a list, and a heading before the spoilers in them."""
    apart = re.compile(r"^(?:(?:> .*(?:\n> .*)*)|(?:[ ]*(?:-|\d\.)|#{1,3}) .*)$", re.MULTILINE)
    shown = [SPOILER.sub("", part) for part in (*apart.findall(page), *apart.split(page))]
    return "\n".join(shown)


def hangul(text: str) -> int:
    return sum("가" <= character <= "힣" for character in text)


def test_links_mentions_and_spans_are_not_cut(thorough: Thorough) -> None:
    @thorough
    @given(st.lists(st.sampled_from(WHOLES) | st.sampled_from(("word", "말", "긴 낱말", "\n", "-")), max_size=60))
    def not_cut(words: list[str]) -> None:
        pages = split(" ".join(words), limit=LIMIT)
        for whole in set(words) & set(WHOLES):
            shown = whole.removeprefix("!") if whole.startswith("![") else whole
            assert sum(page.text.count(shown) for page in pages) == words.count(whole)

    not_cut()


def test_a_remark_stands_outside_what_an_answer_leaves_open(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS)
    def outside(answer: str) -> None:
        pages = split(with_remark(answer, "Cut off."))
        remarked = "Cut off." if not answer.strip() else "-# Cut off."
        assert f"\n{pages[-1].text}".endswith(f"\n{remarked}"), "in small print, in a line of its own"
        assert pages[-1].text.count("```") % 2 == 0
        assert with_remark(answer, None) == answer

    outside()


@pytest.mark.parametrize("label", ["~~~", "# a", "> a", "- a", "1. a", "||a"])
def test_half_a_link_does_not_become_a_block_above_a_remark(label: str) -> None:
    (page,) = split(with_remark(f"[{label}\n", "Cut off."))
    assert page.text.startswith("[")
    assert page.text.endswith("\n-# Cut off.")


@pytest.mark.parametrize("answer", ["- one *two\n<br>", "- one **two\nthree<br>", "> *one\n> <br>", "one *two\n<br>"])
def test_a_remark_begins_its_line_below_a_mark_and_a_break(answer: str) -> None:
    assert split(with_remark(answer, "Cut off."))[0].text.endswith("\n-# Cut off.")


@pytest.mark.parametrize("code", ["[text](", "![", "a **", "- x = ["])
def test_code_that_ends_behind_its_last_line_is_whole_above_a_remark(code: str) -> None:
    (page,) = split(with_remark(f"```py\n{code}```", "Cut off."))
    assert page.text == f"```py\n{code}\n```\n-# Cut off."


def test_a_remark_stands_outside_a_formula_in_a_spoiler() -> None:
    assert split(with_remark("||\n$$\n", "Cut off."))[0].text.endswith("||\n\n-# Cut off.")
    assert split(with_remark("$$\nx\n\n- ", "Cut off."))[0].text.endswith("x\n\n-# Cut off."), "behind which it ends"


@pytest.mark.parametrize(
    "text",
    ["next\\\nline", "# H\n- a\n- b\n\n| a |\n|---|\n| 1 |\n", "```py\nx\n\ny\n```\n", "Title\n===\n**a\nb**\n\n---\n"],
)
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_any_newline_is_one_however_it_comes(text: str, newline: str) -> None:
    other, splitter, plain = text.replace("\n", newline), Splitter(), Splitter()
    assert split(other) == split(text)
    assert with_remark(f"||{newline}```{newline}x", "Cut") == with_remark("||\n```\nx", "Cut")
    for length in range(1, len(other) + 1):
        come = other[:length]
        pages = plain.feed(come.removesuffix("\r").replace(newline, "\n"))
        assert splitter.feed(come) == pages
        assert splitter.feed(come, final=True) == split(come.replace("\r\n", "\n").replace("\r", "\n"))


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("Seven.", "> How many?\nSeven."),
        ("> To be\n> or not to be", "> How many?\n\n> To be\n> or not to be"),
        (">>> To be", "> How many?\n\n> To be"),
        ("> ```py\n> x\n> ```", "> How many?\n\n> ```py\n> x\n> ```"),
        ("> |a|b|\n> |-|-|\n> |1|2|", "> How many?\n\n> ```\n> a | b\n> --+--\n> 1 | 2\n> ```"),
        ("&gt; 3", "> How many?\n\\> 3"),
        ("# Title\ntext", "> How many?\n# Title\ntext"),
        ("```py\nx\n```", "> How many?\n```py\nx\n```"),
        ("|a|b|\n|-|-|\n|1|2|", "> How many?\n```\na | b\n--+--\n1 | 2\n```"),
    ],
)
def test_a_lead_is_told_from_what_it_stands_above(answer: str, shown: str) -> None:
    splitter = Splitter(lead="> How many?")
    for length in range(len(answer)):
        for page in splitter.feed(answer[:length]):
            assert page.text.startswith("> How many?\n") and page.text != "> How many?"
    assert [page.text for page in splitter.feed(answer, final=True)] == [shown]


def test_short_text_is_one_page() -> None:
    assert split("Hello") == (PageText(head="", body="Hello", tail=""),)


@pytest.mark.parametrize("text", ["", " ", "\n\n\n" * 5000])
def test_blank_text_has_no_page(text: str) -> None:
    assert split(text) == ()
    assert Splitter().feed(text) == ()


@pytest.mark.parametrize("text", ["```", "<!-- nothing -->", "<details>"])
def test_an_answer_of_which_nothing_is_left_is_shown_as_it_is(text: str) -> None:
    (page,) = split(text)
    assert page.text.replace("\u200b", "") == text


def test_a_code_block_is_closed_and_reopened_with_its_language() -> None:
    code = "".join(f"value_{number} = {number}\n" for number in range(200))
    pages = split(f"```python\n{code}```\nDone.")
    assert len(pages) == 2
    assert pages[0].tail == "```"
    assert pages[1].head == "```python\n"
    assert pages[1].text.endswith("```\nDone.")


def test_a_tilde_block_becomes_one_that_discord_knows() -> None:
    pages = split("~~~~sql\n" + "select 1;\n" * 300 + "~~~~\n")
    assert {page.head for page in pages[1:]} == {"```sql\n"}
    assert all(page.text.startswith("```sql\n") and page.text.endswith("\n```") for page in pages)


def test_a_closing_line_that_just_fits_stays_on_its_page() -> None:
    code = "\n".join(["x" * 99] * 20)[: 2000 - 8]
    text = f"```\n{code}\n```"
    assert units(text) == 2000
    assert [page.text for page in split(text)] == [text]


def test_a_closing_line_in_the_making_is_not_shown() -> None:
    (page,) = Splitter().feed("```\ncode\n`")
    assert page.text == "```\ncode\n```"


def test_blocks_are_preferred_to_lines_and_lines_to_words() -> None:
    words, more = "word " * 19, "more " * 3
    assert split(f"{words}\n\n{more}\n{more}\nmore\n", limit=120)[0].body == f"{words.rstrip()}\n\n"
    assert split(f"{words}\n{more} {more}{more}", limit=120)[0].body == f"{words.rstrip()}\n"
    assert split("word " * 40, limit=120)[0].body == "word " * 24


def test_words_are_preferred_to_characters_and_these_to_marks() -> None:
    assert split("word " * 19 + "x" * 40, limit=120)[0].body == "word " * 19
    assert split("x" * 110 + "**bold**" + "y" * 9, limit=120)[0].body == "x" * 110 + "**bold**"


def test_a_block_is_preferred_to_the_rows_of_a_table_and_these_to_a_cell() -> None:
    words, table = "word " * 19, "\n\n| a |\n|---|\n" + "| one<br>two |\n" * 12
    assert split(words + table, limit=120)[0].body.rstrip() == words.rstrip()
    assert split(table, limit=120)[0].text.endswith("one\ntwo\n```")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("```\n" + "word " * 18 + "x" * 60, "word "),
        ("```\n" + "aaaaaaaaa bbbbbbbbb\n" * 10, "bbbbbbbbb\n"),
        ("```\n" + "code\n" * 17 + "```\n" + "line one\n" * 9, "```\n"),
        ("| a |\n|---|\n" + "| code |\n" * 16 + "line one\n" * 9, "```\n"),
        ("word " * 16 + "\n\n---\n" + "line one\n" * 9, "─\n"),
        ("word " * 19 + "\none<br>" + "more " * 9, "one\n"),
        ("||" + "word " * 21 + "word\n||after words", "word||\n"),
        ("||a\n\n" + "b" * 113 + "||\\*yyy", "\n" + "b" * 112),
        ("w" * 86 + "\n\n||\n| a |\n|---|\n| " + "x" * 30 + " |\n||", "w\n\n"),
    ],
)
def test_a_page_ends_at_its_best_place(text: str, end: str) -> None:
    assert split(text, limit=120)[0].body.endswith(end)


def test_a_heading_is_not_parted_from_its_text() -> None:
    first, second = split("word " * 19 + "\n\n# Heading\n\n" + "text " * 10, limit=120)
    assert "Heading" not in first.text
    assert second.text.startswith("# Heading\ntext")


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("line", ["===", "---"])
def test_an_underlined_title_is_not_parted_from_its_line_and_its_text(line: str, gap: str) -> None:
    first, second = split("word " * 19 + f"\n\nTitle\n{line}\n{gap}" + "text " * 10, limit=120)
    assert "Title" not in first.text
    assert second.text.startswith("Title\n") and second.text.endswith("text")
    first, second = split("word " * 17 + f"\n\nTitle of things that come\n{line}\n" + "text " * 10, limit=120)
    assert first.text.endswith("that") and second.text.startswith("come\n")


def test_a_block_of_code_is_not_cut_if_it_can_start_a_page() -> None:
    text = "intro " * 16 + "\n```\n" + "code\n" * 15 + "```"
    first, second = split(text, limit=120)
    assert "```" not in first.text
    assert second.text == "```\n" + "code\n" * 15 + "```"


def test_a_table_goes_on_under_its_header() -> None:
    rows = "".join(f"| person {number} | {number} |\n" for number in range(12))
    pages = split(f"| Name | Age |\n|---|--:|\n{rows}", limit=120)
    assert len(pages) > 1
    assert {page.head.splitlines()[1].split(" |")[0].strip() for page in pages[1:]} == {"Name"}
    assert all(page.text.startswith("```\nName") and page.text.endswith("\n```") for page in pages)
    shown = [line for page in pages for line in page.text.splitlines() if line.startswith("person")]
    assert [line.split("|")[0].strip() for line in shown] == [f"person {number}" for number in range(12)]


def test_a_row_that_moves_on_leaves_the_widths_alone() -> None:
    table = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 12 + "| a very much wider cell | 2 |\n"
    *pages, last = split(table, limit=120)
    assert all("a | b\n--+--" in page.text for page in pages)
    assert "a very much wider cell | 2" in last.text


def test_a_long_span_is_closed_and_opened_again() -> None:
    first, second = split("intro " * 100 + "**" + "bold " * 320 + "end**")
    assert first.text.startswith("intro") and first.text.endswith("bold**")
    assert second.text.startswith("**bold") and second.text.endswith("end**")


def test_a_span_that_may_have_to_move_is_not_shown() -> None:
    splitter, words = Splitter(), "intro " * 200
    (page,) = splitter.feed(f"{words}**bold and")
    assert page.text == words.strip()
    first, second = splitter.feed(f"{words}**bold and{' bold' * 200}** end", final=True)
    assert first.text == words.strip()
    assert second.text.startswith("**bold and bold")


def test_a_quoted_block_of_code_goes_on_in_its_quotation() -> None:
    first, *_ = pages = split("> ```py\n" + "> some = code()\n" * 12 + "> ```\nAfter", limit=120)
    assert first.text.startswith("> ```py\n> some") and first.text.endswith("\n> ```")
    assert all(page.head == "> ```py\n" for page in pages[1:])
    assert pages[-1].text.endswith("> ```\nAfter")


def test_code_on_the_line_of_its_fence_is_not_lost() -> None:
    pages = split("```" + "x" * 3000)
    assert sum(page.text.count("x") for page in pages) == 3000
    assert all(page.text.startswith("```\n") and page.text.endswith("\n```") for page in pages)


def test_a_backtick_in_long_code_that_ends_a_page_is_not_joined_to_its_mark() -> None:
    splitter, text = Splitter(limit=300), "a " * 46 + "b " + "``" + " " * 60 + "**" + " " * 60 + "$$``` and more\n***"
    for length in range(len(text)):
        assert all(page.text.count("```") % 2 == 0 for page in splitter.feed(text[:length]))


def test_emoji_count_twice() -> None:
    pages = split("😀" * 1500)
    assert len(pages) == 2
    assert all(units(page.text) <= 2000 for page in pages)


@pytest.mark.parametrize("word", ["x" * 9_000, "가나" * 3_000, "a" * 1_023 + "https://example.org", "h" * 4_000])
def test_a_word_of_several_pages_is_parted_alike_whole_and_as_it_comes(word: str) -> None:
    splitter = Splitter()
    for end in range(0, len(word), 7):
        splitter.feed(word[:end])
    pages = splitter.feed(word, final=True)
    assert pages == split(word)
    assert "".join(page.text for page in pages) == word


def test_a_character_larger_than_a_page_is_cut_between_code_points() -> None:
    text = "e" + "\u0301" * 5000
    pages = split(text)
    assert len(pages) == 3
    assert "".join(page.body for page in pages) == text


def test_white_space_at_a_cut_costs_nothing() -> None:
    pages = split("a " * 995 + "\n" * 5000 + "b" * 50)
    assert [page.text for page in pages] == [("a " * 995).strip(), "b" * 50]


def test_long_white_space_is_one_space_however_it_comes() -> None:
    splitter, text = Splitter(limit=LIMIT), "a" + " " * 80 + "\tb"
    splitter.feed(text[:-2])
    assert splitter.feed(text, final=True) == split(text, limit=LIMIT)


def test_a_full_page_is_shown_up_to_its_best_cut() -> None:
    words = ("word " * 19).strip() + "\n\n"
    splitter = Splitter(limit=LIMIT)
    (page,) = splitter.feed(words + "and more ")
    assert page.text == words.strip()
    assert [page.text for page in splitter.feed(words + "and more ", final=True)] == [words + "and more"]


@pytest.mark.parametrize(
    "text", ["낱말 " * 400 + "자라", "# Title\n" + "word " * 260 + "grow", "```\n" + "code\n" * 250 + "x = y"]
)
def test_text_is_shown_while_it_grows_in_the_second_half_of_a_page_too(text: str) -> None:
    (page,) = Splitter().feed(text)
    assert page.text.removesuffix("\n```").endswith(text[-4:])
    assert_grows(text, [1])


@pytest.mark.parametrize("mark", ["*", "__", "_*"])
@pytest.mark.parametrize("inner", ["", "**fat** words ", "`code` and *more words "])
@pytest.mark.parametrize("end", ["{mark} and", "\n\nand more text"])
def test_what_was_shown_behind_a_mark_that_stays_open_is_not_withdrawn(mark: str, inner: str, end: str) -> None:
    text = f"{mark}긴 낱말 and {inner}{'긴 낱말 and words ' * 20}end{end.format(mark=mark)}" + " and the rest" * 20
    for length in (960, 980, 1000, 1490):
        assert_grows("word " * (length // 5) + text, [length, *[7] * 200])


@pytest.mark.parametrize("text", ["**bold te", "||secret te", "`code te", "\n\nName | val"])
def test_what_may_have_to_move_is_not_shown_in_the_second_half_of_a_page(text: str) -> None:
    words = "intro " * 200
    assert [page.text for page in Splitter().feed(words + text)] == [words.strip()]
    assert_grows(words + "some words before " + text, [1])


@pytest.mark.parametrize(
    "text", ["낱말 " * 30 + "**굵은 글씨**", "word " * 30 + "**bold** te", "word " * 30 + "`code` te"]
)
def test_what_was_shown_is_not_withdrawn_when_a_page_is_half_full(text: str) -> None:
    for length in range(890, 1010):
        assert_grows("a" * length + "\n" + text, [7])


@pytest.mark.parametrize("code", ["```00000000000", "`_*_*_00000000", "```_*_*_000000"])
def test_what_was_shown_as_code_that_turns_out_to_be_none_is_not_withdrawn(code: str) -> None:
    for pad in range(12):
        text = "가나 " * 16 + "다" * pad + f" {code}" + "사" * 13 + " " + "아" * 60
        splitter, whole = Splitter(limit=LIMIT), split(text, limit=LIMIT)
        most = max(words(pages[0]) for end in range(5, len(text)) if len(pages := splitter.feed(text[:end])) == 1)
        assert most <= words(whole[0])


@pytest.mark.parametrize("mark", ["_", "*", "**", "***", "~~", "||", "<b>", "<strong>", "**<u>", "**x **"])
@pytest.mark.parametrize("pad", range(20, 29))
def test_what_was_shown_behind_a_mark_that_turns_out_to_be_none_is_not_withdrawn(mark: str, pad: int) -> None:
    """Escaped, it is longer, and the page ends at a line that was shown as one before its end."""
    text = "가나 " * 5 + "다" * pad + f" {mark}" + "마바 " * 15 + "사\n" + "아자 " * 20
    splitter, whole = Splitter(limit=LIMIT), split(text, limit=LIMIT)
    most = max(words(pages[0]) for end in range(5, len(text)) if len(pages := splitter.feed(text[:end])) == 1)
    assert most <= words(whole[0])


def test_a_span_that_began_in_the_first_half_is_shown_while_it_grows() -> None:
    (page,) = Splitter().feed("a" * 980 + " **bold and more words that gro")
    assert page.text.endswith("words that gro**")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 60 + "\\*" * 400,
        "[a link](https://example.com/" + "x" * 540 + ")" + "\\*" * 40,
        "가나다라**\\*중요 " + "굵은 글씨 " * 120 + "끝**",
        "😀" + "\U0001f3fb" * 700,
        "\n#### " + "글자 " * 300,
        "```\n" + "\U0001f3fb" * 700,
    ],
)
def test_what_belongs_together_is_cut_rather_than_withdrawn(text: str) -> None:
    assert_grows("word " * 280 + text, [1])


def test_a_literal_mark_belongs_to_what_stands_before_it() -> None:
    assert split("x" * 119 + "\\*" + "y" * 9, limit=LIMIT)[0].body == "x" * 112
    assert split("x" * 118 + "\\*" + "y" * 9, limit=LIMIT)[0].body == "x" * 118 + "\\*"
    assert split("x" * 118 + "\\*\u0301" + "y" * 9, limit=LIMIT)[0].body == "x" * 112, "and so does an accent on it"


def test_a_space_in_code_that_is_joined_to_what_follows_is_no_place_for_a_cut() -> None:
    pages = split("```\n" + "xxxxxxxxx \u0301" * 30, limit=LIMIT)
    assert len(pages) > 2
    assert all(page.body.startswith("x") for page in pages[1:])


def test_another_text_starts_anew() -> None:
    splitter = Splitter(limit=LIMIT)
    splitter.feed("Waiting. " * 30)
    assert splitter.feed("The answer", final=True) == split("The answer", limit=LIMIT)


def test_another_end_of_an_open_span_is_read_anew() -> None:
    splitter = Splitter(limit=LIMIT)
    splitter.feed("Some **bold words and ")
    assert [page.text for page in splitter.feed("Some **other** words", final=True)] == ["Some **other** words"]


def test_an_end_may_be_taken_back() -> None:
    splitter = Splitter(limit=LIMIT)
    text = "**Bold " + "and more " * 30
    ended = splitter.feed(text, final=True)
    assert splitter.feed(text, final=True) == ended == split(text, limit=LIMIT)
    assert splitter.feed(f"{text}end**", final=True) == split(f"{text}end**", limit=LIMIT)


def test_a_page_that_could_hold_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        Splitter(limit=20)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("I am **a script", "I am **a script**"),
        ("**bold and *both", "**bold and *both***"),
        ("***all of it", "***all of it***"),
        ("- item **x", "- item **x**"),
        ("# Title ~~x", "# Title ~~x~~"),
        ("> said **so", "> said **so**"),
        ("code `foo(", "code `foo(`"),
        ("**code `foo(", "**code `foo(`**"),
        ("**code `foo`", "**code `foo`**"),
        ("then **", "then"),
        ("1. ```bash\n   pip install x", "1.\n```bash\npip install x\n```"),
        ("```\nx\n``", "```\nx\n```"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
        ("A spoiler: ||he", "A spoiler: ||he||"),
        ("||he did ||", "||he did||"),
        ("x = y ||", "x = y"),
        ("See [the docs](https://ex", "See the docs"),
        ("- a\n-", "- a"),
        ("In which year?\n1984.", "In which year?\n1984."),
        ("The state is [done]", "The state is [done]"),
        ("a[i", "a[i"),
        ("$$\nE = mc^2", "\\$\\$\nE = mc^2\n"),
        ("char **argv and globs like **/*.ts", "char \\*\\*argv and globs like \\*\\*/\\*.ts"),
        ("f(*xs, **kw). Th", "f(\\*xs, \\*\\*kw). Th"),
        ('옵션 **kwargs 와 **"인용"**', '옵션 \\*\\*kwargs 와 **"인용"**'),
        ("Press the ` key" + " and" * 60, "Press the ` key" + " and" * 60),
        ("~~~\nx\n~~~", "```\nx\n```"),
        ("3 * 4 and **5", "3 * 4 and **5**"),
        ('say "*" and', 'say "\\*" and'),
        ("*args are names" + " word" * 50, "\\*args are names" + " word" * 50),
        ("**a\n```\nx", "\\*\\*a\n```\nx\n```"),
        ("**over.\n\nnext", "\\*\\*over.\n\nnext"),
    ],
)
def test_a_remark_stands_outside_the_marks_that_an_answer_leaves_open(answer: str, shown: str) -> None:
    """They are shown as what they were while it came."""
    assert split(with_remark(answer, "Cut off."))[0].text == f"{shown}\n-# Cut off."


def test_a_remark_closes_the_code_block_before_it() -> None:
    assert with_remark("```py\nprint(1)", "Cut off.") == "```py\nprint(1)\n```\n-# Cut off."
    assert with_remark("Text\n", "One.\nTwo.") == "Text\n-# One.\n-# Two."
    assert with_remark("  ", "No answer.") == "No answer."

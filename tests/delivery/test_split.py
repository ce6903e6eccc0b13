"""Every property is tried with 150 texts, times what `--fuzz` says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bot.delivery.fences import close, units
from bot.delivery.render import Reader
from bot.delivery.split import PageText, Splitter, split, with_remark
from tests.delivery.markdown import ANSWERS, CHARACTERS, CHUNKS, prefixes

LIMIT = 120

WHOLES = (
    *("[a link](https://example.com/one)", "<@1234567890123456789>", "<:smile:1234567890>", "<t:1700000000:R>"),
    *("**fat words stay**", "`some code`", "||a secret||", "~~no more~~", "*leaning over*", "![i](https://i.mg/x.png)"),
)

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
    *("\n\n|가|나|\n|-|-|\n|다|라|\n\n", "\n```py\n" + "코드 한 줄\n" * 12 + "```\n", "\n> ```\n> 코드\n> ```\n"),
)
GROWING = (
    *("$$\n\\int x\n$$\n", "$x^2$ is", "\\[ x^2 \\]\n", "<details><summary>x</summary>y", "**x<**<b>x</b>", "<br>x"),
    *(
        "<!-- c -->x",
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
        "a | b\nc",
    ),
    *(
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


def rendered(text: str) -> str:
    """The whole text in Discord's dialect, with nothing opened again or closed early."""
    reader = Reader(LIMIT)
    pieces = reader.feed(text) + reader.end(text)
    return "".join(piece.space + piece.text for piece in pieces)


def stripped_of_tables(text: str) -> str:
    return text.replace("|", "")


def test_every_page_is_sound(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS)
    def every_page(text: str) -> None:
        for page in split(text, limit=LIMIT):
            assert 0 < units(page.text) <= LIMIT
            assert page.text.strip()
            assert page.text.count("```") % 2 == 0

    every_page()


def test_the_pages_together_are_the_rendered_text(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS.map(stripped_of_tables))
    def together(text: str) -> None:
        if whole := rendered(text):
            assert "".join(page.body for page in split(text, limit=LIMIT)) == whole

    together()


def test_what_was_shown_stays(thorough: Thorough) -> None:
    """Chunks do not matter, ended pages never change, and what a page has shown is never found in another."""

    @thorough
    @given(ANSWERS, CHUNKS, st.booleans())
    def stays(text: str, sizes: list[int], quiet: bool) -> None:
        splitter, whole = Splitter(limit=LIMIT, quiet=quiet), Splitter(limit=LIMIT, quiet=quiet).feed(text, final=True)
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


def test_what_was_seen_is_not_withdrawn_for_a_moment(thorough: Thorough) -> None:
    """Tags and code that has no end are left out: they look different once it is certain that they have none."""

    @thorough
    @given(ANSWERS.map(stripped_of_tables), CHUNKS)
    def stays(text: str, sizes: list[int]) -> None:
        assert_grows(re.sub(r"<[^<>]*>|(?<![`\n])`+", "", text), sizes)

    stays()


@pytest.mark.parametrize("before", ["", "Lorem ipsum dolor sit amet. " * 10 + "\n\n"])
@pytest.mark.parametrize("text", GROWING)
def test_what_was_seen_of_a_few_words_is_not_withdrawn(before: str, text: str) -> None:
    assert_grows(before + text, [1])


def assert_grows(text: str, sizes: list[int]) -> None:
    """What a page has shown, its marks apart, begins what it shows next."""
    splitter = Splitter()
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
    @thorough
    @given(st.lists(CHARACTERS, max_size=60).map("".join))
    def not_cut(text: str) -> None:
        whole = rendered(text)
        edges, place = {0}, 0
        for cluster in iter_graphemes(whole):
            place += len(cluster)
            edges.add(place)
        cut = 0
        for page in split(text, limit=LIMIT)[:-1]:
            cut += len(page.body)
            assert cut in edges

    not_cut()


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
        assert "".join(page.text for page in split(with_remark(text, "Cut off."))).endswith("\n-# Cut off.")
        assert not closed or "and after" in unhidden(" ".join(page.text for page in split(text, limit=LIMIT)))

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


def test_a_remark_stands_outside_code(thorough: Thorough) -> None:
    @thorough
    @given(ANSWERS, st.text(min_size=1, max_size=20).filter(str.strip))
    def outside(answer: str, remark: str) -> None:
        text = with_remark(answer, remark)
        assert close(text) == text or "```" in remark or "~~~" in remark
        assert with_remark(answer, None) == answer

    outside()


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


def test_a_heading_is_not_parted_from_its_text() -> None:
    first, second = split("word " * 19 + "\n\n# Heading\n\n" + "text " * 10, limit=120)
    assert "Heading" not in first.text
    assert second.text.startswith("# Heading\n\ntext")


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


def test_emoji_count_twice() -> None:
    pages = split("😀" * 1500)
    assert len(pages) == 2
    assert all(units(page.text) <= 2000 for page in pages)


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


def test_a_remark_closes_the_code_block_before_it() -> None:
    assert with_remark("```py\nprint(1)", "Cut off.") == "```py\nprint(1)\n```\n-# Cut off."
    assert with_remark("Text\n", "One.\nTwo.") == "Text\n-# One.\n-# Two."
    assert with_remark("  ", "No answer.") == "No answer."

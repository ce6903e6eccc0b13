"""What Discord is sent for what a model wrote, in the end and on the way there."""

from __future__ import annotations

import pytest

from bot.delivery.split import Splitter, split


def shown(text: str) -> str:
    """In the end, on one page."""
    (page,) = split(text)
    return page.text


def meanwhile(text: str) -> str:
    """As long as more may come."""
    pages = Splitter().feed(text)
    return pages[0].text if pages else ""


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, 안녕하세요 👨‍👩‍👧‍👦.",
        "**bold** *it* ***both*** ~~out~~ ||hidden|| `code` _it_",
        "# One\n## Two\n### Three\nText",
        "- one\n- two\n  - nested\n    - deeper",
        "Butler: ||he did\n\nit in||",
        "> ||인용된\n> 비밀||",
        "## ||Who||\n||범인은\n\n그||입니다",
        "||\n```py\nspoiler = 1\n```\n||",
        "1. one\n2. two\n   More of it".replace("   ", "  "),
        "[text](https://example.com/a_(b)?c=d) and <https://example.com>",
        "<@123> <@!123> <@&4> <#5> <:smile:678> <a:wave:9> <t:1700000000:R> </ask:12> @everyone",
        "snake_case_name 2 * 3 * 4 $5 and $10 3~5시 10~20 a < b && c > d <T> List<String>",
        r"\*not bold\* $x_1 + y_{2}$ \(a_b * c\) $$\sum_i x_i$$",
        "> quoted\n> **more**",
        "-# small print",
        "```py\nx = **a**  # <br> [t](u)\n\n| a | b |\n|---|---|\n```",
        "`<br>` `**a**` ``a ` b``",
        '```py\n"""See ``split``, not `cut`."""\n```',
        "[1] is no link, nor is [this] (one)",
        "2024. is a year - not a list",
        "if (a<b && c>d) return a<i && b>s;",
        "for (i=0;i<s ;i++) x>y",
        "만약 a<b 그리고 c>d 이면 <i 와 s>",
        "x <u and v> y, if a <li or c> 3, p<p && q>q, 5 <code && 6> 7",
        "Map<String, List<b>> and </i>",
        "file*.txt and *.py, args*, C:\\Users\\x, ~/path",
    ],
)
def test_what_discord_knows_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__strong__ and **__strong__**", "**strong** and **strong**"),
        ('**"인용"**은 **중요**합니다', '**"인용"**은 **중요**합니다'),
        ("2 ** 3 and 4 ** 5", "2 \\*\\* 3 and 4 \\*\\* 5"),
        ("#### Four\n##### **Five** six", "**Four**\n**Five six**"),
        ("## Two ##\nC# and #### Four # ####", "## Two\nC# and #### Four # ####"),
        ("## C# #\n\n#### Four # ####", "## C#\n\n**Four #**"),
        ("* one\n+ two\n- three", "- one\n- two\n- three"),
        ("1) one\n2) two", "1. one\n2. two"),
        ("* one\n    * two\n        * three\n* four", "- one\n  - two\n    - three\n- four"),
        ("1. one\n   - two\n      1. three", "1. one\n  - two\n    1. three"),
        ("- [ ] do\n- [x] done\n  - [X] too", "- ☐ do\n- ☑ done\n  - ☑ too"),
        ("One\n\n---\n\nTwo", "One\n\n──────────\n\nTwo"),
        ("One\n\n\n\n\nTwo", "One\n\nTwo"),
        ("One  \ntwo", "One\ntwo"),
        ("> one\n> > two\n>\n> three", "> one\n> two\n> \n> three"),
        ("> [!NOTE]\n> Mind", "> **Note**\n> Mind"),
        (">>> a", "> a"),
        ("![A cat](https://i.mg/cat.png)", "[A cat](https://i.mg/cat.png)"),
        ("![](https://i.mg/cat.png)", "https://i.mg/cat.png"),
        ("[![Build](https://i.mg/b.svg)](https://ci.example/x)", "[Build](https://ci.example/x)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("[above](#above) [file](docs/a.md)", "above file (docs/a.md)"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("- one<br>two", "- one\n  two"),
        ("<b>bold</b> <em>it</em> <code>x < y</code>", "**bold** *it* `x < y`"),
        ('<div align=center class="a b" hidden>x</div><details open>y', "xy"),
        ("if (a<b && c>d) return a<i || b>s;", "if (a<b && c>d) return a<i \\|\\| b>s;"),
        ("| a |\n|---|\n| List<b> |", "```\na\n-------\nList<b>\n```"),
        ("||\nHe dies\n||\nEnd", "||He dies||\nEnd"),
        ("Ending: ||\nHe dies\n\nand so on\n||", "Ending:\n||He dies\n\nand so on||"),
        ("|| The butler ||", "||The butler||"),
        ("||he did", "||he did||"),
        ("> ||hidden\n\ntoo|| not", "> ||hidden||\n\n||too|| not"),
        ("||a\n- b\n- c|| d", "||a||\n- ||b||\n- ||c|| d"),
        ("||\n# A\n#### B\n||C", "# ||A||\n||**B**||\nC"),
        ("||one `a || b`\n\ntwo||", "||one `a |\u200b|\u200b b`\n\ntwo||"),
        ("||\n| a |\n|---|\n| 1 |\n||\nEnd", "||\n```\na\n-\n1\n```\n||\nEnd"),
        ("x = a||b", "x = a\\|\\|b"),
        ("a ||= b\n\nc ||", "a \\|\\|= b\n\nc \\|\\|"),
        ("Run:\n```npm install\n```\nDone", "Run:\n```\nnpm install\n```\nDone"),
        ("실행:\n```npm 설치 하기", "실행:\n```\nnpm 설치 하기\n```"),
        ("a || b || c", "a \\|\\| b \\|\\| c"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<details>\n<summary>More</summary>\n\nHidden\n\n</details>\n\nEnd", "**More**\n\nHidden\n\nEnd"),
        ('<a href="https://a.example">here</a> <kbd>Ctrl</kbd>', "[here](https://a.example) `Ctrl`"),
        ("H<sub>2</sub>O, x<sup>2</sup>, <!-- a note -->end", "H₂O, x², end"),
        ("Tom &amp; Jerry&nbsp;&lt;3 &#42;", "Tom & Jerry \\<3 \\*"),
        ("Use ```x = 1``` here", "Use `x = 1` here"),
        ("~~~sql\nselect 1;\n~~~", "```sql\nselect 1;\n```"),
        ("```python title=x.py\na\n```", "```python\na\n```"),
        ("````md\n```py\nx\n```\n````", "```md\n`\u200b`\u200b`py\nx\n`\u200b`\u200b`\n```"),
        ("- Do:\n    ```sh\n    ls\n      -l\n    ```\n- Done", "- Do:\n```sh\nls\n  -l\n```\n- Done"),
        ("```py\nx", "```py\nx\n```"),
        ("So:\n\n    a = __x__\n\n      <b>\n\nEnd", "So:\n\n```\na = __x__\n\n  <b>\n```\n\nEnd"),
        ("\tcode\nEnd", "```\ncode\n```\nEnd"),
        ("A line\n    and more of it\n- one\n\n      of it", "A line\nand more of it\n- one\n\n  of it"),
        ("Cut **off", "Cut **off"),
    ],
)
def test_the_rest_becomes_what_discord_knows(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(expected) == expected, "a page that is read back and marked as interrupted is rendered again"


def test_what_is_underlined_in_html_is_in_discord() -> None:
    assert shown("<u>under</u>") == "__under__"


def test_tables_are_aligned_over_wide_characters() -> None:
    table = "| 이름 | Age | City |\n|:-----|----:|:----:|\n| 김철수 | 3 | **서울** |\n| Bob 😀 | 42 | `LA` |\n"
    assert shown(table) == (
        "```\n이름   | Age | City\n-------+-----+-----\n김철수 |   3 | 서울\nBob 😀 |  42 |  LA\n```"
    )


def test_a_cell_may_have_lines_and_pipes() -> None:
    table = "| a | b |\n|---|---|\n| one<br>two | x \\| y |\n"
    assert shown(table) == "```\na   | b\n----+------\none | x | y\ntwo |\n```"


def test_rows_may_be_short_or_long() -> None:
    table = "a | b\n--|--\n1\\|\n| 1 |\n| 1 | 2 | 3 |\n"
    assert shown(table) == "```\na  | b\n---+------\n1| |\n1  |\n1  | 2 | 3\n```"


def test_a_wide_table_is_a_list_for_each_row() -> None:
    wide = "a sentence that needs more room than a column can have"
    table = f"| Name | What | |\n|---|---|---|\n| **Kim** | {wide} | x |\n| Lee | {wide} | |\n"
    assert shown(table) == (f"- Name: **Kim**\n  - What: {wide}\n  - x\n- Name: Lee\n  - What: {wide}")


def test_a_table_with_links_is_a_list_where_they_work() -> None:
    table = "| Site | At |\n|---|---|\n| One | [here](https://a.example) |\n"
    assert shown(table) == "- Site: One\n  - At: [here](https://a.example)"


def test_text_ends_a_table() -> None:
    assert shown("| a |\n|---|\n| 1 |\nText") == "```\na\n-\n1\n```\nText"


def test_a_row_larger_than_a_page_is_cut_like_text() -> None:
    pages = split("| a | b |\n|---|---|\n| 1 | " + "long " * 600 + "|\n| 2 | short |\n")
    assert len(pages) == 2
    assert pages[0].text.startswith("- a: 1\n  - b: long long")
    assert pages[1].text.endswith("```\na | b\n--+------\n2 | short\n```")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Some **bold", "Some **bold**"),
        ("Some **bold ", "Some **bold**"),
        ("Some **bold *and", "Some **bold *and***"),
        ("Some **", "Some"),
        ("Some *", "Some"),
        ("Some **bold*", "Some **bold**"),
        ("Some `co", "Some `co`"),
        ("Some ~~out", "Some ~~out~~"),
        ("Some ||secret", "Some ||secret||"),
        ("Some ||secret\n\nand", "Some ||secret\n\nand||"),
        ("Some ||secret\n- and", "Some ||secret||\n- ||and||"),
        ("Some:\n||\n", "Some:"),
        ("Some:\n||\nsecret\n|", "Some:\n||secret||"),
        ("Some __strong", "Some **strong**"),
        ("Some <b>bold", "Some **bold**"),
        ("Some [li", "Some"),
        ("Some [link](htt", "Some"),
        ("Some ![image](htt", "Some"),
        ("Some https://exa", "Some"),
        ("Some htt", "Some"),
        ("Some <@12", "Some"),
        ("Some <br", "Some"),
        ("Some &am", "Some"),
        ("Some\n\n``", "Some"),
        ("Some\n\n```py", "Some"),
        ("Some\n\n```py\n", "Some"),
        ("Some\n\n```py\nx = 1", "Some\n\n```py\nx = 1\n```"),
        ("Some\n\n```py\nx = 1\n``", "Some\n\n```py\nx = 1\n```"),
        ("Some\n\n#", "Some"),
        ("Some\n\n#### Head", "Some\n\n**Head**"),
        ("Some\n\n- [", "Some"),
        ("Some\n\n--", "Some"),
        ("Some\n\n| a | b", "Some"),
        ("Some\n\n| a | b |\n|--", "Some"),
        ("Some\n\n| a | b |\n|---|---|\n| 1", "Some"),
        ("Some\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3", "Some\n\n```\na | b\n--+--\n1 | 2\n```"),
        ("**여러\n줄에", "**여러\n줄에**"),
        ("All file*.txt and", "All file*.txt and"),
    ],
)
def test_no_raw_marks_are_seen_on_the_way(text: str, expected: str) -> None:
    assert meanwhile(text) == expected

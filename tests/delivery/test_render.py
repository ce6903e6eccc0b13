"""What Discord is sent for what a model wrote, in the end and on the way there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.blocks import DOUBLE_RULE
from bot.delivery.fences import units
from bot.delivery.split import Splitter, split
from tests.delivery.markdown import seen


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
        "1. one\n2. two\n   More of it",
        "9. a\n   1. b\n      1. c\n         1. d\n            - e\n10. f\n    - g",
        "[text](https://example.com/a_(b)?c=d) and <https://example.com>",
        "<@123> <@!123> <@&4> <#5> <:smile:678> <a:wave:9> <t:1700000000:R> </ask:12> @everyone",
        "2 * 3 * 4 $5 and $10 3~5시 10~20 a < b && c > d <T> List<String>",
        r"\*not bold\* $x^1 + y^{2}$ $$\sum x * 2$$",
        "> quoted\n> **more**",
        "-# small print",
        "```py\nx = **a**  # <br> [t](u)\n\n| a | b |\n|---|---|\n```",
        "`<br>` `**a**` ``a ` b``",
        '```py\n"""See ``split``, not `cut`."""\n```',
        "[1] is no link, nor is [this] (one)",
        "[^0-9] and [^a], m[i][j]",
        "2024. is a year - not a list",
        "if (a<b && c>d) return a<i && b>s;",
        "for (i=0;i<s ;i++) x>y",
        "만약 a<b 그리고 c>d 이면 <i 와 s>",
        "x <u and v> y, if a <li or c> 3, p<p && q>q, 5 <code && 6> 7",
        "Map<String, List<b>> and </i>",
        "*.py, args* and x * y* C:\\Users\\x, ~/path",
    ],
)
def test_what_discord_knows_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__strong__ and **__strong__**", "**strong** and **strong**"),
        ('**"인용"**은 **중요**합니다', '**"인용"**은 **중요**합니다'),
        ("__강조__를, __強調__は _기울임_은", "**강조**를, **強調**は _기울임_은"),
        ("파일_이름_목록, snake_case_name", "파일\\_이름\\_목록, snake\\_case\\_name"),
        ("MY__CONST__X, 이름: ____", "MY\\_\\_CONST\\_\\_X, 이름: \\_\\_\\_\\_"),
        ("_the snake_case name_ and _private", "_the snake\\_case name_ and \\_private"),
        ("***a** b* and ***a* b** and ___a__ b_", "***a** b* and ***a* b** and _**a** b_"),
        ("*a **b*** and ***a** b c", "*a **b*** and \\***a** b c"),
        ("**5*6 = 30**, **a*b** **c*d*e**", "**5\\*6 = 30**, **a\\*b** **c*d*e**"),
        ("**가*나**다 *라**마*", "**가\\*나**다 _라\\*\\*마_"),
        ("**`*args` and `**kwargs`**: x", "**`*args` and** `**kwargs`: x"),
        ("- **use `a ** b` now** x", "- **use** `a ** b` **now** x"),
        ("~~**a `~~`\nb**~~", "~~**a**~~ `~~`\n~~**b**~~"),
        ("#### `**kw` is\n\n#### The `**kw`", "`**kw` **is**\n\n**The** `**kw`"),
        ("> ||**a `**` b** c||", "> ||**a** `**` **b** c||"),
        ("a<b> x</b> <b></b>y", "a **x** y"),
        ('<code></code>a []() ![]() <a href="https://a.bc"></a>b', "a b"),
        ("> a<b><br>x</b>\n- b<i><br>y</i>", "> a\n> **x**\n- b\n  *y*"),
        ("2 ** 3 and 4 ** 5", "2 \\*\\* 3 and 4 \\*\\* 5"),
        (r"\(a_b * c\) and \[x\]", r"\\(a\_b * c\\) and \\[x\\]"),
        (r"$a\,b \\ \{c\}$", r"\$a\\,b \\\ \\{c\\}\$"),
        ("$||x||_2 + a*b*c$", r"\$\|\|x\|\|\_2 + a\*b\*c\$"),
        (
            "So:\n\\[\nx_{a} = \\frac12\\,y\n- b*c*\n\\]\n*it*",
            "So:\n\\\\[\nx\\_{a} = \\frac12\\\\,y\n\\- b\\*c*\n\\\\]\n*it*",
        ),
        ("- Is\n  $$\n  a \\\\\n  1. + b $$\n- *it*", "- Is\n  \\$\\$\n  a \\\\\\\\\n  1\\. + b \\$\\$\n- *it*"),
        ("Two *open\n\\[\na*b\n\\]", "Two \\*open\n\\\\[\na\\*b\n\\\\]"),
        ("$$\na*b*\n\n*it*", "\\$\\$\na\\*b*\n\n*it*"),
        ("> \\[\n> a*b*\n*it*", "> \\\\[\n> a\\*b*\n*it*"),
        ("*args and **kwargs\n\n**bold** and ~~x", "\\*args and \\*\\*kwargs\n\n**bold** and \\~\\~x"),
        ("$a```b$ $x_1$", "$a\\`\\`\\`b$ \\$x\\_1\\$"),
        ("#### Four\n##### **Five** six", "**Four**\n**Five six**"),
        ("## Two ##\nC# and #### Four # ####", "## Two\nC# and #### Four # ####"),
        ("2**10 is 1024 and f(**kwargs), 3*4 is 12", "2\\*\\*10 is 1024 and f(\\*\\*kwargs), 3\\*4 is 12"),
        ("2**10 and 3**4 are powers", "2\\*\\*10 and 3\\*\\*4 are powers"),
        ("x **y f(**kw) z", "x \\*\\*y f(\\*\\*kw) z"),
        ('**"인용"**은 **(주)**를', '**"인용"**은 **(주)**를'),
        ("- ```py\n  if x:\n      y\n  ```", "-\n```py\nif x:\n    y\n```"),
        ("Title\n===\n\ntext", f"Title\n{DOUBLE_RULE}\n\ntext"),
        ("## C# #\n\n#### Four # ####\n\ntext", "## C#\n**Four #**\n\ntext"),
        ("* one\n* two\n+ three", "- one\n- two\n\n- three"),
        ("- 하나\n- 둘\n1. 첫째\n2. 둘째\n- 셋", "- 하나\n- 둘\n\n1. 첫째\n2. 둘째\n\n- 셋"),
        ("1. one\n1) two", "1. one\n\n1. two"),
        ("- one\n  1. two\n- three", "- one\n  1. two\n- three"),
        ("- one\n  - two\n  1. three\n- four", "- one\n  - two\n\n  1. three\n\n- four"),
        ("- one\n\n  1. two\n- three", "- one\n\n  1. two\n\n- three"),
        ("- one\n\n  - two\n- three", "- one\n\n  - two\n- three"),
        ("- one\n  - two\n1. three", "- one\n  - two\n\n1. three"),
        ("> - 하나\n> 1. 첫째", "> - 하나\n> \n> 1. 첫째"),
        ("> - one\n1. two", "> - one\n1. two"),
        ("> 1. one\n>    - two\n>    - three\n> 2. four", "> 1. one\n>    - two\n>    - three\n> 2. four"),
        ("> - one\n>   - two\n>\n>     more\n>\n>  text", "> - one\n>   - two\n> \n>     more\n> \n>   text"),
        ("- one\n\n  > quoted\n\n  text\n\nEnd\n\n  of it", "- one\n\n> quoted\n\n  text\n\nEnd\n\nof it"),
        ("- one\n>   text", "- one\n> text"),
        ("- one\n>   - two\n>   text", "- one\n> - two\n> text"),
        (">  one\n> >  two\n>   > three", "> one\n> two\n> three"),
        ("> - one\n>\n> 1. two", "> - one\n> \n> 1. two"),
        ("- one\ntext\n1. two", "- one\ntext\n1. two"),
        ("- one\n---\n1. two", "- one\n──────────\n1. two"),
        ("- one\n1. ```sh\nls\n```", "- one\n\n1.\n```sh\nls\n```"),
        ("1) one\n2) two", "1. one\n2. two"),
        ("* one\n    * two\n        * three\n* four", "- one\n  - two\n    - three\n- four"),
        ("1. one\n   - two\n      1. three", "1. one\n   - two\n     1. three"),
        ("- [ ] do\n- [x] done\n  - [X] too", "- ☐ do\n- ☑ done\n  - ☑ too"),
        ("One\n\n---\n\nTwo", "One\n\n──────────\n\nTwo"),
        ("제목\n=====\n본문", "제목\n══════════\n본문"),
        ("Title\n---\nText\n\n---\n\nText", "Title\n──────────\nText\n\n──────────\n\nText"),
        ("One\n\nA *long\ntitle* of\nlines\n=\nText", "One\n\nA *long\ntitle* of\nlines\n══════════\nText"),
        ("Title\n-\nText\n\n==\n\n- a\n-", "Title\n──────────\nText\n\n==\n\n- a\n-"),
        ("> Title\n> ===\n> Text", "> Title\n> ══════════\n> Text"),
        ("> quote\n===", "> quote\n==="),
        ("# Title\n===", "# Title\n==="),
        ("- item\n===", "- item\n==="),
        ("<!-- x -->\n===", "==="),
        ("One\n\n<!-- x -->\n---\n\nTwo", "One\n\n──────────\n\nTwo"),
        ("**Open\n===\nText", "\\*\\*Open\n══════════\nText"),
        ("Title\n= =\nx == y\n== z", "Title\n= =\nx == y\n== z"),
        ("One\n\n\n\n\nTwo", "One\n\nTwo"),
        ("One  \ntwo", "One\ntwo"),
        ("> one\n> > two\n>\n> three", "> one\n> two\n> \n> three"),
        ("> [!NOTE]\n> Mind", "> **Note**\n> Mind"),
        (">>> a", "> a"),
        ("![A cat](https://i.mg/cat.png)", "[A cat](https://i.mg/cat.png)"),
        ("![](https://i.mg/cat.png)", "https://i.mg/cat.png"),
        ("[![Build](https://i.mg/b.svg)](https://ci.example/x)", "[Build](https://ci.example/x)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("[see https://a.bc](https://d.ef)", "see <https://a.bc> (https://d.ef)"),
        ("[문서: https://a.bc/x_(y).](https://d.ef)", "문서: <https://a.bc/x_(y)>. (https://d.ef)"),
        ("[https://a.bc](https://d.ef)", "<https://a.bc> (https://d.ef)"),
        ("[공식 https://a.bc 문서](https://a.bc/)", "공식 https://a.bc 문서"),
        ("[https://a.bc, https://d.ef, https://d.ef](https://d.ef)", "<https://a.bc>, https://d.ef, <https://d.ef>"),
        ("[see https://a.bc](docs/a.md)", "see <https://a.bc> (docs/a.md)"),
        ("[`https://a.bc`, <https://a.bc>](https://d.ef)", "`https://a.bc`, <https://a.bc> (https://d.ef)"),
        ("[https://](https://d.ef)", "[https://](https://d.ef)"),
        ('<a href="https://d.ef">https://a.bc</a>', "<https://a.bc> (https://d.ef)"),
        ('<img src="https://i.mg/x" alt="https://a.bc">', "<https://a.bc> (https://i.mg/x)"),
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
        ("``` `` ``` x `y` z", "` `` ` x `y` z"),
        ("``` a`b``c ``` `y`", "``a`b`\u200b`\u200bc`` `y`"),
        ("` ``` ` `y`", "`` `\u200b`\u200b` `` `y`"),
        ('<img src="https://i.mg/a.png"><i>under</i>', "https://i.mg/a.png *under*"),
        (
            '<img src="https://i.mg/a.png">under https://i.mg/b<b>fat</b>',
            "https://i.mg/a.png under https://i.mg/b **fat**",
        ),
        ("**https://i.mg/a**, (https://i.mg/b).", "**https://i.mg/a**, (https://i.mg/b)."),
        ("a<pre>one</pre><pre>two</pre>b", "a\none\ntwo\nb"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"),
        ("next\\\nline", "next\nline"),
        ("**next\\\nline** C:\\x\\\n\nend\\", "**next\nline** C:\\x\\\n\nend\\"),
        ("> next\\\n> line", "> next\n> line"),
        ("Use ```x = 1``` here", "Use `x = 1` here"),
        ("~~~sql\nselect 1;\n~~~", "```sql\nselect 1;\n```"),
        ("```python title=x.py\na\n```", "```python\na\n```"),
        ("````md\n```py\nx\n```\n````", "```md\n`\u200b`\u200b`py\nx\n`\u200b`\u200b`\n```"),
        ("- Do:\n    ```sh\n    ls\n      -l\n    ```\n- Done", "- Do:\n```sh\nls\n  -l\n```\n- Done"),
        ("```py\nx", "```py\nx\n```"),
        ("So:\n\n    a = __x__\n\n      <b>\n\nEnd", "So:\n\n```\na = __x__\n\n  <b>\n```\n\nEnd"),
        ("\tcode\nEnd", "```\ncode\n```\nEnd"),
        ("A line\n    and more of it\n- one\n\n      of it", "A line\nand more of it\n- one\n\n  of it"),
        ("Cut **off", "Cut \\*\\*off"),
        ("하나[^1], two[^2][^10].\n\n[^1]: One\n[^2]: **Two**", "하나¹, two²,¹⁰.\n\n¹ One\n² **Two**"),
        ("> x[^1]\n>\n> [^1]: One", "> x¹\n> \n> ¹ One"),
        ("Two *open\n[^1]: One*", "Two \\*open\n¹ One*"),
        ("[^1]:\n\n[^1](https://a.bc)", "¹:\n\n[^1](https://a.bc)"),
        (
            'See [a][1].\n\n[1]: https://a.bc/d_e "T"\n[b c]: <https://d.ef>',
            'See [a][1].\n\n[1]: <https://a.bc/d_e> "T"\n[b c]: <https://d.ef>',
        ),
        ("> [1]: https://a.bc", "> [1]: <https://a.bc>"),
        ("x [1]: https://a.bc", "x [1]: https://a.bc"),
        ("file*.txt, args*, *.py", "file\\*.txt, args\\*, \\*.py"),
    ],
)
def test_the_rest_becomes_what_discord_knows(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(expected) == expected, "a page that is read back and marked as interrupted is rendered again"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[a](https://d.ef) https://a.bc/x_(y) <https://d.ef>",
            "[a](<https://d.ef>) <https://a.bc/x_(y)> <https://d.ef>",
        ),
        ("[see https://a.bc](https://d.ef)", "see <https://a.bc> (<https://d.ef>)"),
        ("[공식 https://a.bc 문서](https://a.bc)", "공식 <https://a.bc> 문서"),
        ("![https://a.bc](https://i.mg/x_(y).png)", "<https://a.bc> (<https://i.mg/x_(y).png>)"),
        ("`https://a.bc` [`https://a.bc`](https://d.ef)", "`https://a.bc` `https://a.bc` (<https://d.ef>)"),
        ("|a|\n|-|\n|[b https://a.bc](https://d.ef)|", "- a: b <https://a.bc> (<https://d.ef>)"),
    ],
)
def test_no_link_unfurls_where_none_is_to(text: str, expected: str) -> None:
    (page,) = Splitter(quiet=True).feed(text, final=True)
    assert page.text == expected


TICKS = "`\u200b`\u200b`"
"""Three backticks that end no code."""
FORMULAS = (
    r"\\",
    r"\,",
    r"\{",
    r"\}",
    r"\_",
    r"\*",
    "_",
    "__",
    "*",
    "**",
    "||",
    "|",
    "~~",
    "{",
    "}",
    "^",
    "x",
    "2",
    " ",
    "가",
)


@pytest.mark.parametrize(("opening", "closing"), [("$x", "x$"), ("$$", "x$$"), (r"\(", r"x\)"), (r"\[", r"x\]")])
def test_the_source_of_a_formula_is_seen(opening: str, closing: str) -> None:
    @settings(max_examples=100, deadline=None, database=None)
    @given(st.lists(st.lists(st.sampled_from(FORMULAS), min_size=1, max_size=8).map("".join), min_size=1, max_size=4))
    def is_seen(formulas: list[str]) -> None:
        text = "Let " + " and ".join(f"{opening}{inner}{closing}" for inner in formulas)
        sent = shown(text)
        assert seen(sent) == text
        assert re.sub(" +", " ", shown(sent)) == re.sub(" +", " ", sent)

    is_seen()


@pytest.mark.parametrize(
    "formula",
    [
        "\\[ x = a\n+ b * c\n- d*e*\n* f \\]",
        "$$f(x) = \\begin{cases}\na*b & x \\in \\{1, 2\\} \\\\\n- c*d & \\text{else}\n\\end{cases}$$",
        "\\[ x \\in [0, 1]\n1. + b_{1} c_{2}\n\\].",
        "$$\\sum_{i} x\n- y_{i}\n= 3 $$, where *x*",
        "$$" + "x + " * 60 + "\n- y $$",
    ],
)
@pytest.mark.parametrize("before", ["", "So *it* is ", "- ", "> ", "**Two "])
def test_the_source_of_a_formula_is_seen_that_shares_its_line(formula: str, before: str) -> None:
    text = before + formula.replace("\n", "\n> " if before == "> " else "\n")
    sent = shown(f"{text}\n- *it*")
    assert sent.endswith("\n- *it*")
    assert re.sub(" +\n", "\n", seen(sent)) == re.sub(" +\n", "\n", seen(before) + text[len(before) :] + "\n- it")
    splitter = Splitter()
    pages = [splitter.feed(f"{text}\n- *it* "[:length]) for length in range(len(text) + 9)][-1]
    assert [page.text for page in pages] == [sent], "as it comes"


@pytest.mark.parametrize(
    "text",
    [
        "\\[x\\] = a\n- b",
        "\\[1] = *a*\n- b",
        "\\[see [1]\\] = *a*\n- b",
        "$$ is *it*\n- b",
        "$$$ = *it*\n- b",
        "$$x = 1$$\n- b",
        "$$" + "x + " * 80 + "\n- b",
    ],
)
def test_what_is_no_formula_of_several_lines_ends_none(text: str) -> None:
    assert shown(text).endswith("\n- b")


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize(
    "text",
    ["[" + "😀" * 1200 + "](https://a.bc)", "https://a.bc/" + "😀" * 1200, "[" + "http://a " * 200 + "](https://d.ef)"],
)
def test_a_link_too_large_for_a_page_is_text(text: str, quiet: bool) -> None:
    pages = Splitter(quiet=quiet).feed(text, final=True)
    assert all(units(page.text) <= 2000 for page in pages)
    assert sum(page.text.count("😀") + page.text.count("http://a") for page in pages) >= 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b_ c", "a_b_ c"),
        ("snake_case_ and x", "snake_case_ and x"),
        ("the m_count and `count_` fields", "the m_count and count_ fields"),
        ("snake_case는 _기울임_이다", "snake_case는 기울임이다"),
        ("x_1 or _(one)_", "x_1 or (one)"),
        ("$x_{i} + y_{j}$ and z_i_", "$x_{i} + y_{j}$ and z_i_"),
        ("\\[\nx_{i}\ny_{j}\n\\]", "\\[\nx_{i}\ny_{j}\n\\]"),
    ],
)
def test_an_underscore_inside_a_word_begins_nothing(text: str, expected: str) -> None:
    assert seen(shown(text)) == expected


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (r"*a \* b* c", r"_a \* b_ c"),
        ("*a * b*, **and *args* `x`**", "_a * b_, **and *args* `x`**"),
        ("*see `*args` now*", "_see `*args` now_"),
        ("_see `a_b` now_", "*see `a_b` now*"),
        ("_see `a_b` and `*` now_", "_see `a_b` and `*` now_"),
        (r"***a \* b***", r"**_a \* b_**"),
        (r"*a \* b*c", r"*a \* b*c"),
        (r"*a \* b*는", r"_a \* b_는"),
        (r"<i>a \* _b_</i>", r"_a \* b_"),
        (r"*a **b** c* *d _e_ f*", r"*a **b** c* *d _e_ f*"),
    ],
)
def test_italics_have_a_mark_that_is_not_among_them(text: str, sent: str) -> None:
    assert shown(text) == sent
    assert meanwhile(f"{text} x") == f"{sent} x"


def test_what_is_underlined_in_html_is_in_discord() -> None:
    assert shown("<u>under</u>") == "__under__"


def test_a_footnote_may_have_paragraphs() -> None:
    assert shown("[^1]: One\n\n    more\n\nEnd\n\n    code") == "¹ One\n\n  more\n\nEnd\n\n```\ncode\n```"


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Here's one: ```python\ndef f(*args):\n    return __name__\n```\n\nThis **is** it:\n\n1. one",
            "Here's one:\n```python\ndef f(*args):\n    return __name__\n```\n\nThis **is** it:\n\n1. one",
        ),
        ("- One: ```js\n  let a = 1;\n  ```\n- Next **b**", "- One:\n```js\nlet a = 1;\n```\n- Next **b**"),
        ("> 예시:```py\n> x\n> ```\n> **b**", "> 예시:\n> ```py\n> x\n> ```\n> **b**"),
        ("**Two *open ```c++\nx* **y\n```\n*it*", "\\*\\*Two \\*open\n```c++\nx* **y\n```\n*it*"),
        ("## Output ```\nx\n```", "## Output\n```\nx\n```"),
        ("A\n  (```\n  x\n  ```\n*it*", "A\n(\n```\nx\n```\n*it*"),
        ("From ``` to `~~~`.\n*it*", "From \\`\\`\\` to `~~~`.\n*it*"),
        ("Use ```a c\nb```\n*it*", "Use \\`\\`\\`a c\nb\\`\\`\\`\n*it*"),
        ("It is ```.\n*it*", "It is \\`\\`\\`.\n*it*"),
        ("Such as ```py", "Such as"),
    ],
)
def test_code_may_begin_behind_a_text(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nprint(1)```\n\nThis is **1**.", "```python\nprint(1)\n```\n\nThis is **1**."),
        ("> ```\n> x;```  \n> *it*", "> ```\n> x;\n> ```\n> *it*"),
        ("````md\n```\nx```\n```\ny````\n*it*", f"```md\n{TICKS}\nx{TICKS}\n{TICKS}\ny\n```\n*it*"),
        (
            "```rust\n/// ```\n/// let x;\n///```\nfn f() {}\n```",
            f"```rust\n/// {TICKS}\n/// let x;\n///{TICKS}\nfn f() {{}}\n```",
        ),
        ('```py\nx = "```"\n# a ```b```\n# c ```\n```', f'```py\nx = "{TICKS}"\n# a {TICKS}b{TICKS}\n# c {TICKS}\n```'),
        ("```md\n```py\nx\n```\n*it*", f"```md\n{TICKS}py\nx\n```\n*it*"),
        (
            "Run: ```sh\nls *.py\n``` and it **prints** `x`.\n\n*it*",
            "Run:\n```sh\nls *.py\n```\nand it **prints** `x`.\n\n*it*",
        ),
        ("```\nx\n```를 **실행**하면", "```\nx\n```\n를 **실행**하면"),
        ("(see ```py\nx\n```), *it*", "(see\n```py\nx\n```\n), *it*"),
        ("||See: ```py\nx\n```|| *it*", "||See:\n```py\nx\n```\n||\n*it*"),
        ('```\nx = """```\ny\n```"""\n```\n*it*', f'```\nx = """{TICKS}\ny\n{TICKS}"""\n```\n*it*'),
        ("```sh\nls ```\n*it*", "```sh\nls \n```\n*it*"),
        ("```\nIs: ```\n  - x ```\n```\n*it*", f"```\nIs: {TICKS}\n  - x {TICKS}\n```\n*it*"),
        ("```\nx\n```*\n*it*", "```\nx\n```\n*\n*it*"),
        ("> ```\n> x\n> ``` and **so**\n> on", "> ```\n> x\n> ```\n> and **so**\n> on"),
        ("```\nx\n```    Done.", "```\nx\n```\nDone."),
        ("```\nx\n``` bash\n```", f"```\nx\n{TICKS} bash\n```"),
        ("~~~\nx~~~\n``` and so\n~~~", f"```\nx~~~\n{TICKS} and so\n```"),
    ],
)
def test_code_may_end_where_no_line_of_its_own_ends_it(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.  ```python\n    def f():\n        return 1\n    ```", "def f():\n    return 1"),
        ("-   ```\n    ls\n    ```", "ls"),
        ("- [ ] ```\n  if x:\n      y\n  ```", "if x:\n    y"),
        ("-      ```\n  if x:\n      y\n  ```", "if x:\n    y"),
        ("  1. One: ```\n     if x:\n         y\n     ```", "if x:\n    y"),
        ("1. ```\nif x:\n    y\n```", "if x:\n    y"),
        ("1. ```\n\tif x:\n\t\ty\n\t```", " if x:\n \ty"),
        ("\t```py\n    if x:\n\t\ty\n\t```", "if x:\n\ty"),
        ("  ```\n\tx\n \ty\n  ```", "  x\n  y"),
        ("    ```\n    x\n   y\n     z\n    ```", "x\ny\n z"),
    ],
)
def test_code_is_not_indented_by_what_it_stands_in(text: str, code: str) -> None:
    assert shown(text).partition("```")[2].partition("\n")[2] == f"{code}\n```"
    splitter = Splitter()
    pages = [splitter.feed(text[:length]) for length in range(len(text) + 1)][-1]
    assert [page.text for page in pages] == [shown(text)], "as it comes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```npm install\nnpm test\n```", "```\nnpm install\nnpm test\n```"),
        ("```print(1)\n```", "```\nprint(1)\n```"),
        ("```한 줄\nx\n```", "```\n한 줄\nx\n```"),
        ("> ```key: value\n> x\n> ```", "> ```\n> key: value\n> x\n> ```"),
        ('```python title="a b.py" {1,3}\nx\n```', "```python\nx\n```"),
        ("```js:app.js\nx\n```", "```js\nx\n```"),
        ("```{r, echo=FALSE}\nx\n```", "```r\nx\n```"),
        ("```{.python .numberLines}\nx\n```", "```python\nx\n```"),
    ],
)
def test_words_behind_a_fence_are_code_unless_they_are_about_it(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_what_takes_no_column_moves_none() -> None:
    """Control characters, which a model may cite."""
    assert shown("가\x08c | b\n---|---\na\x07 | 나") == "```\n가\x08c | b\n----+---\na\x07   | 나\n```"


def test_a_table_in_a_quotation_is_aligned_in_it() -> None:
    table = "> | 이름 | b |\n> |---|---|\n> | **1** | 2 |\n"
    lines = "> ```\n> 이름 | b\n> -----+--\n> 1    | 2\n> ```"
    assert shown(f"{table}> End\n\nText") == f"{lines}\n> End\n\nText"
    assert shown(f"> One\n>\n{table}>\n> End") == f"> One\n> \n{lines}\n> \n> End"
    assert shown(f"{table}| 3 | 4 |") == f"{lines}\n| 3 | 4 |"
    assert shown("> | a |\n|---|\n> | 1 |") == "> | a |\n|---|\n> | 1 |"
    assert shown("> | a |\n> |---|\n> | [x](https://a.bc) |") == "> - a: [x](https://a.bc)"
    assert shown("> ||\n> | a |\n> |---|\n> | 1 |\n> ||") == "> ||\n> ```\n> a\n> -\n> 1\n> ```\n> ||"


def test_a_table_in_a_quotation_goes_on_in_it() -> None:
    rows = "".join(f"> | row {number} | {'x' * 20} |\n" for number in range(70))
    pages = split(f"> | name | b |\n> |---|---|\n{rows}")
    assert len(pages) == 2
    assert all(page.text.startswith("> ```\n> name   | b\n> ") and page.text.endswith("\n> ```") for page in pages)
    assert all(line.startswith("> ") for page in pages for line in page.text.split("\n"))


def test_code_in_a_row_may_have_pipes_that_nobody_escaped() -> None:
    table = "| a | b |\n|---|---|\n| `x || y` | `\\|` |\n| ``1`|`2`` | `|` |\n| `x | y` |\n| `x | 1 | 2 |\n"
    assert shown(table) == "```\na      | b\n-------+------\nx || y | |\n1`|`2  | |\n`x     | y`\n`x     | 1 | 2\n```"


def test_a_wide_table_is_a_list_for_each_row() -> None:
    wide = "a sentence that needs more room than a column can have"
    table = f"| Name | What | |\n|---|---|---|\n| **Kim** | {wide} | x |\n| Lee | {wide} | |\n"
    assert shown(table) == (f"- Name: **Kim**\n  - What: {wide}\n  - x\n- Name: Lee\n  - What: {wide}")


def test_a_row_of_a_list_tells_which_of_its_cells_are_empty() -> None:
    table = "| A | Notes | |\n|---|---|---|\n| [x](https://a.bc) | | |\n| | | |\n"
    assert shown(table) == "- A: [x](https://a.bc)\n  - Notes: –\n- A: –\n  - Notes: –"
    assert shown("| | |\n|---|---|\n| [x](https://a.bc) | |\n| | |\n") == "- [x](https://a.bc)\n- –"


def test_a_table_with_links_is_a_list_where_they_work() -> None:
    table = "| Site | At |\n|---|---|\n| One | [here](https://a.example) |\n"
    assert shown(table) == "- Site: One\n  - At: [here](https://a.example)"


def test_a_table_without_rows_is_its_header() -> None:
    assert shown("| 이름 | b |\n|---|---|\n\nEnd") == "```\n이름 | b\n-----+--\n```\n\nEnd"
    assert shown("| " + "x" * 70 + " | **b** |\n|---|---|\n\nEnd") == "x" * 70 + " | **b**\n\nEnd"
    assert shown("| [a](https://a.bc) | b |\n|---|---|") == "[a](https://a.bc) | b"


def test_a_link_in_a_header_works_too() -> None:
    assert shown("| [a](https://a.bc) |\n|---|\n| 1 |") == "- [a](https://a.bc): 1"


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
        ("Some *it \\*st", "Some _it \\*st_"),
        ("Some **bold ", "Some **bold**"),
        ("Some **bold `**kw", "Some **bold** `**kw`"),
        ("Some **bold *and", "Some **bold *and***"),
        ("Some **", "Some"),
        ("Some *", "Some"),
        ("Some **bold*", "Some **bold**"),
        ("Some ***bold** it", "Some ***bold** it*"),
        ("Some `co", "Some `co`"),
        ("Some `a < b", "Some `a < b`"),
        ("Some `List<int> x = &y", "Some `List`"),
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
        ("Some[^1]", "Some"),
        ("Some[^1].", "Some¹."),
        ("Some\n\n[^1]", "Some"),
        ("Some\n\n[^1]: ", "Some"),
        ("Some\n\n[^1]: O", "Some\n\n¹ O"),
        ("Some\n\n[1]: https://a.bc", "Some\n\n[1]:"),
        ("Some ![image](htt", "Some"),
        ("Some https://exa", "Some"),
        ("Some htt", "Some"),
        ("Some\\", "Some"),
        ("Some\\\n", "Some"),
        ("Some\\\n\n", "Some\\"),
        ("Some <@12", "Some"),
        ("Some <br", "Some"),
        ("Some &am", "Some"),
        ("Some\n\n``", "Some"),
        ("Some\n\n```py", "Some"),
        ("Some\n\n```py\n", "Some"),
        ("Some: ```py", "Some:"),
        ("Some: ```py\n", "Some:"),
        ("Some: ```py x", "Some: `py x`"),
        ("Some: ```py\nx = 1", "Some:\n```py\nx = 1\n```"),
        ("```py\nx = 1``", "```py\nx = 1\n```"),
        ("```py\nx = 1```", "```py\nx = 1\n```"),
        ("```py\nx = 1\n``` and", "```py\nx = 1\n```"),
        ("```py\nx = 1\n``` and so", "```py\nx = 1\n```\nand so"),
        ("Some\n\n```py\nx = 1", "Some\n\n```py\nx = 1\n```"),
        ("Some\n\n```py\nx = 1\n``", "Some\n\n```py\nx = 1\n```"),
        ("Some\n\n#", "Some"),
        ("Some\n\n#### Head", "Some\n\n**Head**"),
        ("Some\n\n- [", "Some"),
        ("- one\n1. two", "- one\n\n1. two"),
        ("Some\n\n--", "Some"),
        ("Some\n==", "Some"),
        ("Some **bold\n==", "Some **bold**"),
        ("Some\n==\n", "Some\n══════════"),
        ("Some\n\n| a | b", "Some"),
        ("Some\n\n| a | b |\n|--", "Some"),
        ("Some\n\n> | a | b", "Some"),
        ("Some\n\n> | a | b |\n>", "Some"),
        ("Some\n\n> | a | b |\n> |--", "Some"),
        ("> Some\n>\n> a | b\n> |---|---|\n>", "> Some\n> \n> a"),
        ("> a | b\n> |---|---|\n> 1 | 2\n> 3", "> ```\n> a | b\n> --+--\n> 1 | 2\n> ```"),
        ("Some\n\n| a | b |\n|---|---|\n| 1", "Some"),
        ("Some\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3", "Some\n\n```\na | b\n--+--\n1 | 2\n```"),
        ("**여러\n줄에", "**여러\n줄에**"),
        ("All file*.txt and", "All file\\*.txt and"),
    ],
)
def test_no_raw_marks_are_seen_on_the_way(text: str, expected: str) -> None:
    assert meanwhile(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\n\n<!-- a\n\n- b *c\n```\n-->\n\n*Two*", "One\n\n*Two*"),
        ("One <!-- a\nb -->and *two <!-- c\nd --> or* so", "One and *two or* so"),
        ("- One<!--\n  two\n-->\n- Three", "- One\n- Three"),
        ("> One <!-- two\n> three --> four", "> One four"),
        ("One <!-- " + "more " * 100 + "--> *two*", "One *two*"),
        ("One <!-- two\n\n*three*", "One <!-- two\n\n*three*"),
        ("One <!-- " + "\nmore" * 200 + "--> *two*", "One <!--" + "\nmore" * 200 + "--> *two*"),
    ],
)
def test_a_comment_of_several_lines_is_hidden(text: str, expected: str) -> None:
    assert shown(text) == expected
    splitter = Splitter()
    pages = [splitter.feed(text[:length]) for length in range(len(text) + 1)]
    assert splitter.feed(text, final=True) == split(text), "as it comes"
    assert "<!" in expected or not any("<!" in page.text for each in pages for page in each)


def test_a_comment_that_does_not_end_holds_the_answer_back_for_a_while_alone() -> None:
    assert meanwhile("One <!-- two\n\nthree ") == "One"
    assert meanwhile("One <!-- two\n\n" + "three " * 200).endswith("three")


WORDS = "낱말 and words " * 17


@pytest.mark.parametrize("mark", ["*", "**", "~~", "_", "__"])
def test_a_mark_that_stays_open_for_long_is_taken_for_a_character(mark: str) -> None:
    few, literal = WORDS[:180], "".join(f"\\{character}" for character in mark)
    assert meanwhile(f"Some {mark}{few}so").startswith(f"Some {mark.replace('__', '**')}낱말")
    assert meanwhile(f"Some {mark}{WORDS}and so") == f"Some {literal}{WORDS}and so"
    assert meanwhile(f"Some {mark}{WORDS}and so{mark}. So").endswith(f"so{mark.replace('__', '**')}. So")
    assert meanwhile(f"Some {mark}{WORDS}and *it").endswith("and *it*")


@pytest.mark.parametrize("mark", ["<b>", "||"])
def test_what_is_hidden_or_in_a_tag_stays_so(mark: str) -> None:
    assert meanwhile(f"Some {mark}{WORDS}and so").endswith("and so" + mark.replace("<b>", "**"))

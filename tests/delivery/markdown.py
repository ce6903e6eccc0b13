"""Texts such as models write, and worse, for properties that hold for all of them."""

from __future__ import annotations

import re

from hypothesis import strategies as st

CHARACTERS = st.sampled_from(
    (
        *(
            "a",
            "word",
            " ",
            "  ",
            "\n",
            "\n\n",
            "\t",
            "\r\n",
            ". ",
            "\u00a0",
            "\u3000",
            "snake_case",
            "x" * 70,
            "x" * 74,
        ),
        *("안녕하세요", "세계", "가", "가" * 50, "\u1112\u1161\u11ab", "e\u0301", "\u0301", "नि", "ค้"),
        *("😀", "👨‍👩‍👧‍👦", "🇰🇷", "🇰", "👍🏽", "❤️", "\u200d", "\ufe0f", "𝒳", "𠀀"),
    )
)
CLUSTERS = CHARACTERS | st.sampled_from(
    (
        *(
            " \u200d",
            " \u0301",
            "e" + "\u0301" * 12,
            "\u0301" * 6,
            "a\u200d",
            "🇰🇷🇰🇷",
            "🏴\u200d☠️",
            "ㄱ\u302e",
            "x" * 30,
        ),
        *("\n```\n", "\n```py\n", "`", "``", "# ", "- "),
    )
)
"""What people see as a character, joined in every way, in text and in code."""
_MARKS = (
    *("**", "*", "_", "__", "***", "~~", "||", "`", "``", "```", "````", "~~~", "\\", "|", "~", "!", "<", "&", "$"),
    *(
        "**bold**",
        "*it*",
        "__strong__",
        "_it_",
        "~~out~~",
        "||hidden||",
        "`code`",
        "`**kw`",
        "**많이**는",
        "***both***",
        "\\*",
    ),
    *("[text](https://example.com/a)", "[text](", "[", "](", "https://example.com/a_b?c=d", "http", ")", "![i](u)"),
    *("<@123>", "<#45>", "<:smile:678>", "<t:1700000000:R>", "<br>", "<b>", "</b>", "<details>", "<!-- x -->", "&amp;"),
    *(
        "[^1]",
        "\n[^2]: ",
        "\n[1]: ",
        "$x_1$",
        "\\(a*b\\)",
        "<code>x</code>",
        "<code></code>",
        "[]()",
        "H<sub>2</sub>O",
        "<T>",
        "<",
        "<!-- 가\n",
        "-->",
    ),
)
_LINES = (
    *(
        "# Heading\n",
        "#### Deep\n",
        "## Two ##\n",
        "#### Four #",
        "## ",
        "- item\n",
        "* item\n",
        "  - nested\n",
        "1. one\n",
        "2) two\n",
        "- [ ] do\n",
    ),
    *(
        "- [x] done\n",
        "> quote\n",
        ">> deeper\n",
        "> - quoted\n",
        ">   - quoted\n",
        ">    quote\n",
        ">\n",
        "> ```py\n> code\n",
        "---\n",
        "***\n",
        "- ",
        "1",
        "-",
        "#",
    ),
    *(
        "\n```py\n",
        "```\n",
        "\n```\n",
        "~~~\n",
        "    ```\n",
        "- ```sh\n",
        "\n````md\n",
        "code line\n",
        "글: ```py\n",
        "코드```\n",
        "``` 그리고 더\n",
        "```를 ",
        "    indented\n",
        "\n    indented\n",
    ),
    *(
        "\n| a | b |\n|---|---|\n",
        "| 1 | 2 |\n",
        "| 가나 | **b** |\n",
        "> | a | b |\n> |---|---|\n> | 1 | 2 |\n",
        "|:-:|--:|\n",
        "a | b\n---|---\n",
        "|---|",
    ),
    *(
        "| x | " + "y " * 20 + "|\n",
        "| [l](https://e.x/y) | 2 |\n",
        "|",
        "\n" * 150,
        " " * 130,
        "```" + "i" * 60 + "\n",
        "\n$$\n",
        "\n\\[\n",
        "글 \\[ x = 가\n",
        "$$f(x) = {\n",
        "+ 나*다 $$\n",
        "- x_{가}\\\\\n",
        "\\]\n",
    ),
)
_WORDS = ("가나다라 마바사 ", "아자차카. ", "한글 ")
PIECES = st.sampled_from(_WORDS) | CHARACTERS | st.sampled_from(_MARKS) | st.sampled_from(_LINES)
ANSWERS = st.lists(PIECES | st.text(max_size=20), max_size=60).map("".join)
"""Of any marks, balanced or not."""
CHUNKS = st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=20)
"""Sizes of the pieces in which a text comes, over and over."""


def prefixes(text: str, sizes: list[int]) -> list[str]:
    """A text as it grows by pieces of these sizes."""
    ends: list[str] = []
    at = 0
    while at < len(text):
        at += sizes[len(ends) % len(sizes)]
        ends.append(text[:at])
    return ends


_SEEN = (
    re.compile(r"\\([^0-9A-Za-z\s])"),
    re.compile(r"(?:`+)([\s\S]*?[^`])`+(?!`)"),
    re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)"),
    re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)"),
    re.compile(r"\b_((?:__|\\[\s\S]|[^\\_])+?)_\b", re.ASCII),
    re.compile(r"\*(?=\S)((?:\*\*|\s+(?:[^*\s]|\*\*)|[^\s*])+?)\*(?!\*)"),
    re.compile(r"~~([\s\S]+?)~~"),
    re.compile(r"\|\|([\s\S]+?)\|\|"),
)
"""What Discord's client takes for an escape, for code, for bold text and so on, in its order."""


def seen(text: str) -> str:
    """What people see of a text in Discord, without its marks; code is taken for a span like any other."""
    parts, at = "", 0
    while at < len(text):
        match = next((found for pattern in _SEEN if (found := pattern.match(text[at:]))), None)
        if match is None:
            parts, at = parts + text[at], at + 1
        else:
            inner = match[1] if match[0][0] in "\\`" else seen(match[1])
            parts, at = parts + inner, at + match.end()
    return parts

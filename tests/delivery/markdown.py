"""Texts such as models write, and worse, for properties that hold for all of them."""

from __future__ import annotations

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
_MARKS = (
    *("**", "*", "_", "__", "***", "~~", "||", "`", "``", "```", "````", "~~~", "\\", "|", "~", "!", "<", "&", "$"),
    *("**bold**", "*it*", "__strong__", "_it_", "~~out~~", "||hidden||", "`code`", "**많이**는", "***both***", "\\*"),
    *("[text](https://example.com/a)", "[text](", "[", "](", "https://example.com/a_b?c=d", "http", ")", "![i](u)"),
    *("<@123>", "<#45>", "<:smile:678>", "<t:1700000000:R>", "<br>", "<b>", "</b>", "<details>", "<!-- x -->", "&amp;"),
    *("$x_1$", "\\(a*b\\)", "<code>x</code>", "H<sub>2</sub>O", "<T>", "<"),
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
    *("- [x] done\n", "> quote\n", ">> deeper\n", ">\n", "> ```py\n> code\n", "---\n", "***\n", "- ", "1", "-", "#"),
    *(
        "\n```py\n",
        "```\n",
        "\n```\n",
        "~~~\n",
        "    ```\n",
        "- ```sh\n",
        "\n````md\n",
        "code line\n",
        "    indented\n",
        "\n    indented\n",
    ),
    *("\n| a | b |\n|---|---|\n", "| 1 | 2 |\n", "| 가나 | **b** |\n", "|:-:|--:|\n", "a | b\n---|---\n", "|---|"),
    *(
        "| x | " + "y " * 20 + "|\n",
        "| [l](https://e.x/y) | 2 |\n",
        "|",
        "\n" * 150,
        " " * 130,
        "```" + "i" * 60 + "\n",
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

"""Discord's Markdown, form by form, as the page draws it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.page.screen import Screen

pytestmark = pytest.mark.browser

MARKDOWN = [
    ("```py\nx = 1\n```", '<pre tabindex="0" data-language="py"><code>x = 1</code></pre>'),
    ("see ```one``` here", '<p>see </p><pre tabindex="0"><code>one</code></pre><p> here</p>'),
    ("```open\nstill", "<p>```open\nstill</p>"),
    ("- a\n- b\n  - c\n1. d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
    ("3. x\n4. y", '<ol start="3"><li>x</li><li>y</li></ol>'),
    ("> one\n> two\nthree", "<blockquote><p>one\ntwo</p></blockquote><p>three</p>"),
    (">>> all\nof it", "<blockquote><p>all\nof it</p></blockquote>"),
    ("> one\n\nthree", "<blockquote><p>one</p></blockquote><p>\nthree</p>"),
    ("## Title\ntext", '<p class="heading level-2">Title</p><p>text</p>'),
    ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
    (r"\*not\* __under__", "<p>*not* <u>under</u></p>"),
    ("**안녕**하세요", "<p><strong>안녕</strong>하세요</p>"),
    ("-# small *print*", '<p class="subtext">small <em>print</em></p>'),
    ("#no\n#### no", "<p>#no\n#### no</p>"),
    ("| a | b |\n|---|---|", "<p>| a | b |\n|---|---|</p>"),
    ("1. a\n   - b\n     - c\n2. d", '<ol start="1"><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ol>'),
    ("> # T\n> - x", '<blockquote><p class="heading level-1">T</p><ul><li>x</li></ul></blockquote>'),
    ("***both*** ~~s~~", "<p><em><strong>both</strong></em> <s>s</s></p>"),
    ("`` a`b ``", "<p><code> a`b </code></p>"),
    (
        "<@7> <#8> <@&9> @here",
        '<p><span class="mention">@7</span> <span class="mention">#8</span> '
        '<span class="mention">@9</span> <span class="mention">@here</span></p>',
    ),
    ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
    ("", ""),
]
EMPHASIS = [
    ("pass *args on, and files like *.py and *.txt", "pass *args on, and files like *.py and *.txt"),
    ("a *b c *d* e", "a *b c <em>d</em> e"),
    ("*a * b* and * c*", "*a * b* and * c*"),
    ("*a\n b*", "<em>a\n b</em>"),
    ("*a **b** c*", "<em>a <strong>b</strong> c</em>"),
    (r"*a\* b*", r"<em>a\</em> b*"),
    ("_기울임_은 파일_이름_목록", "<em>기울임</em>은 파일<em>이름</em>목록"),
    ("_a_b a_b_ (_c d_)", "_a_b a<em>b</em> (<em>c d</em>)"),
    (r"_a\_ b_", "<em>a_ b</em>"),
    ("_a__b_ __init__", "<em>a__b</em> <u>init</u>"),
    ("___c___", "<em><u>c</u></em>"),
    (r"**a\** b** c", "<strong>a** b</strong> c"),
    ("** a ** and **b ***", "<strong> a </strong> and <strong>b *</strong>"),
    ("***a* b**", "<strong><em>a</em> b</strong>"),
    ("***a** b*", "<em><strong>a</strong> b</em>"),
    (r"__a\__ b__", "<u>a__ b</u>"),
    (r"\한 \é \😀 \_ \a \1 \ x", r"한 é 😀 _ \a \1 \ x"),
]
"""As Discord's own client reads them."""


def drawn(screen: Screen, text: str, wanted: str) -> Any:
    """What `wanted`, a JavaScript function's body, returns of the element `root` that the text was drawn in."""
    if not screen.driver.current_url.startswith("http"):
        screen.enter("Ada", "general")
    return screen.driver.execute_async_script(
        "const [text, done] = arguments;"
        "import('/page/markdown.js').then(({render}) => {"
        "  const root = document.createElement('div');"
        "  root.append(render(text, {person: (id) => id, channel: (id) => id, role: (id) => id, locale: 'en-US'}));"
        f"  done((() => {{ {wanted} }})());"
        "});",
        text,
    )


@pytest.mark.parametrize(("text", "html"), MARKDOWN, ids=[text[:12] or "empty" for text, _ in MARKDOWN])
def test_the_forms_of_markdown(screen: Screen, text: str, html: str) -> None:
    assert drawn(screen, text, "return root.innerHTML") == html


@pytest.mark.parametrize(("text", "html"), EMPHASIS, ids=[text for text, _ in EMPHASIS])
def test_what_is_emphasis(screen: Screen, text: str, html: str) -> None:
    assert drawn(screen, text, "return root.innerHTML") == f"<p>{html}</p>"


LINKS = [
    ("see https://en.wikipedia.org/wiki/A_(b).", ["https://en.wikipedia.org/wiki/A_(b)"]),
    ("(https://example.com/x)", ["https://example.com/x"]),
    ("<https://example.com/y> [z](https://example.com/z)", ["https://example.com/y", "https://example.com/z"]),
    ("[w](javascript:alert(1)) `https://example.com/code`", []),
]


@pytest.mark.parametrize(("text", "addresses"), LINKS, ids=[text[:12] for text, _ in LINKS])
def test_links(screen: Screen, text: str, addresses: list[str]) -> None:
    found = drawn(
        screen, text, "return [...root.querySelectorAll('a')].map((each) => [each.getAttribute('href'), each.rel])"
    )
    assert [address for address, _ in found] == addresses
    assert all("noopener" in rel and "noreferrer" in rel for _, rel in found)


def test_a_moment_is_shown_in_the_readers_language_and_zone(screen: Screen) -> None:
    shown = "return [...root.querySelectorAll('time')].map((each) => [each.dateTime, each.textContent])"
    [[moment, text], [_, year]] = drawn(screen, "<t:1735689600:D> <t:1735689600:R>", shown)
    assert moment == "2025-01-01T00:00:00.000Z"
    assert "2025" in text or "2024" in text, "the day before in zones west of Greenwich"
    assert "year" in year
    assert drawn(screen, "<t:99999999999999>", shown) == []

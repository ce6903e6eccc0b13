"""GitHub's Markdown, which models write, as Discord's, while it is still coming.

The text is read once from front to back and becomes a row of *pieces*: a word with the space before it, a link, a line
of code, a row of a table. A piece is settled when nothing that may follow can change it, so the pieces of a text are
always the first ones of every text that continues it. All that a page decides, it decides by settled pieces alone, and
that is why it cannot matter in which chunks an answer came.

What is not settled is short: the word that is being written, a span whose end has not come, a line that may turn out to
be a table's header. It can be looked at all the same (`Reader.tail`): marks that are open are then closed for the look,
and half links are held back.

Each piece carries what a page needs that ends before or after it: `head` opens again what is open before it, `tail`
closes what is open behind it, and `rank` says how good a place for a cut its front is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum

from bot.delivery import grammar, tables
from bot.delivery.fences import INDENTED, Fence, opened_by, parting, tamed, units
from bot.delivery.inline import Kind, Token, read
from bot.delivery.pieces import Limits, Piece, Rank, State, Writer
from bot.delivery.spans import MARKING, SPOILER, Entry, Span, around
from bot.delivery.tables import Row, Table


class Look(Enum):
    SETTLED = 0
    """Only what can change no more."""
    TAIL = 1
    """What may be shown of the rest."""
    FINAL = 2
    """The text has ended."""


RULE = "─" * 10


class Reader:
    """Reads one answer. `limit` is a page's size in UTF-16 units, from which follows what can be kept whole."""

    def __init__(self, limit: int, *, quiet: bool = False) -> None:
        self._limits = Limits.of(limit, quiet)
        self._state = State()

    @property
    def read(self) -> int:
        """How much of the source will not be looked at again."""
        return self._state.span_at if self._state.span else self._state.at

    def feed(self, text: str) -> list[Piece]:
        """What has been settled since the last call; `text` continues the text of that."""
        return _Reading(text, self._state, self._limits, Look.SETTLED).run()

    def tail(self, text: str) -> list[Piece]:
        """What may be shown of the rest, as long as nothing follows."""
        return _Reading(text, self._copied(), self._limits, Look.TAIL).run()

    def end(self, text: str) -> list[Piece]:
        """The rest of a text that has ended."""
        return _Reading(text, self._copied(), self._limits, Look.FINAL).run()

    def hides(self, text: str) -> bool:
        """Whether `text` ends within a spoiler."""
        state = self._copied()
        _Reading(text, state, self._limits, Look.FINAL).run()
        return state.spoiler

    def _copied(self) -> State:
        return replace(self._state, span=None)


class _Reading(Writer):
    """One pass from the settled place on. Methods that return a bool say whether they could settle something."""

    def __init__(self, text: str, state: State, limits: Limits, look: Look) -> None:
        super().__init__(state, limits)
        self._text = text
        self._look = look

    def run(self) -> list[Piece]:
        state = self._state
        while state.at < len(self._text) and (self._line() if state.new_line else self._rest_of_line()):
            pass
        if self._look is Look.TAIL and state.table is not None and not state.rowed:
            self._header_alone(tables.before_pipe(self._text[state.row_at :].split("\n", 1)[0]).rstrip())
        if self._look is Look.FINAL:
            self._end_table()
            if state.fence is None:
                self._end_line()
            elif state.prefix:
                self._close_fence()
        return self._pieces

    def _line(self) -> bool:
        end = self._text.find("\n", self._state.at)
        done = end >= 0 or self._look is Look.FINAL
        line = self._text[self._state.at : end if end >= 0 else len(self._text)]
        quote = grammar.QUOTE.match(line)
        inner = line[quote.end() :] if quote else line
        if self._state.fence is not None:
            return self._code_line(self._state.fence, line, done)
        if not done and (not inner.strip() or grammar.AMBIGUOUS.fullmatch(inner)):
            return False
        if not inner.strip():
            self._blank_line(quote is not None)
            return self._advance(len(line))
        return self._block(line, inner, quote is not None, done)

    def _advance(self, length: int) -> bool:
        self._state.at += length + 1
        self._state.new_line = True
        return True

    # Blocks: what a line is can be told from its beginning, except for fences, rules, and tables.

    def _block(self, line: str, inner: str, quoted: bool, done: bool) -> bool:
        if self._state.table is not None:
            cells = inner.lstrip().startswith("|") or (
                grammar.BLOCK.match(inner) is None and (not done or "|" in inner)
            )
            cells = cells and not (done and inner.strip() == SPOILER)
            if cells and not quoted:
                return done and self._row(self._state.table, inner)
            self._end_table()
        item = grammar.ITEM.match(inner)
        fence = opened_by(inner[item.end() :] if item else inner)
        if fence is not None:
            return done and self._open_fence(fence, line, item, quoted)
        if grammar.RULE.fullmatch(inner):
            return self._rule(line, quoted)
        start = self._state.at + len(line) - len(inner)
        if heading := grammar.HEADING.match(inner):
            self._begin_line(quoted=quoted, heading=len(heading[1]))
            return self._begin_text(start + heading.end())
        if item is not None:
            self._begin_line(quoted=quoted, listed=True)
            self._item(item)
            return self._begin_text(start + item.end())
        return self._paragraph(line, inner, quoted, done)

    def _begin_text(self, at: int) -> bool:
        self._state.at = at
        self._state.new_line = False
        return True

    def _item(self, item: re.Match[str]) -> None:
        state = self._state
        indent = len(item["indent"].expandtabs(4))
        while state.lists and indent < state.lists[-1] + 2:
            state.lists = state.lists[:-1]
        level = min(len(state.lists), grammar.MAX_LEVEL)
        state.lists = (*state.lists[: grammar.MAX_LEVEL], indent)
        mark = f"{item['mark'][:-1]}." if item["mark"][0].isdigit() else "-"
        state.prefix += f"{'  ' * level}{mark} {grammar.BOXES[item['box']]}"
        state.hang += "  " * (level + 1)

    def _paragraph(self, line: str, inner: str, quoted: bool, done: bool) -> bool:
        if not quoted and (answer := self._table_or_wait(line, done)) is not None:
            return answer
        text = inner.lstrip(" \t")
        indent = len(inner[: len(inner) - len(text)].expandtabs(4))
        if indent >= 4 and not quoted and not self._state.lists and (self._state.rank is Rank.BLOCK):
            return self._open_indented()
        self._begin_line(quoted=quoted)
        self._hang(indent)
        if quoted and done and (alert := grammar.ALERT.fullmatch(inner)):
            self._put(f"**{alert[1].capitalize()}**", self._state.at)
            self._end_line()
            return self._advance(len(line))
        return self._begin_text(self._state.at + len(line) - len(text))

    def _hang(self, indent: int) -> None:
        """A text in a list stands where the list's texts do."""
        state = self._state
        if not indent and state.rank is Rank.BLOCK:
            state.lists = ()
        margin = "  " * sum(column < indent for column in state.lists)
        self._prefix(margin, state.at)
        state.hang += margin
        state.apart = bool(margin)

    def _rule(self, line: str, quoted: bool) -> bool:
        self._begin_line(quoted=quoted)
        self._raise_rank()
        self._put(RULE, self._state.at)
        self._end_line()
        self._state.rank = Rank.BLOCK
        return self._advance(len(line))

    # Code.

    def _open_fence(self, fence: Fence, line: str, item: re.Match[str] | None, quoted: bool) -> bool:
        state = self._state
        self._begin_line(quoted=quoted)
        if item is not None:
            self._item(item)
            self._end_line()
            self._begin_line(quoted=quoted)
        self._raise_rank()
        state.fence = fence
        state.prefix = state.line_head + fence.opening
        state.line_head, state.hang = "", ""
        return self._advance(len(line))

    def _open_indented(self) -> bool:
        self._begin_line(quoted=False)
        self._state.fence = INDENTED
        self._state.prefix = INDENTED.opening
        return True

    def _indented_line(self, line: str, done: bool) -> bool:
        state = self._state
        margin = grammar.MARGIN.match(line)
        if not line.strip():
            state.blank_code += done
            return done and self._advance(len(line))
        if margin is None:
            gap, state.blank_code = state.blank_code, 0
            self._close_fence()
            state.space = "\n\n" if gap else "\n"
            return True
        return self._code(INDENTED, line, line[margin.end() :], done)

    def _code_line(self, fence: Fence, line: str, done: bool) -> bool:
        state = self._state
        if state.in_code_line:
            return self._code(fence, line, line, done)
        if fence is INDENTED:
            return self._indented_line(line, done)
        quote = grammar.CODE_QUOTE.match(line) if state.quoted else None
        if state.quoted and quote is None:
            if not done and not line.strip(" "):
                return False
            self._close_fence()
            return True
        code = line[quote.end() :] if quote else line
        if done and fence.closed_by(code):
            self._close_fence()
            return self._advance(len(line))
        if not done and fence.may_close(code):
            return False
        return self._code(fence, line, fence.dedented(code), done)

    def _code(self, fence: Fence, line: str, code: str, done: bool) -> bool:
        """A long line is settled in parts, as it comes."""
        state, longest = self._state, self._limits.word
        if len(code) > self._limits.piece // 2:
            cut = parting(code, longest)
            parted = "\u200b" if code[cut - 1 : cut + 1] == "``" else ""
            self._put_code(fence, tamed(code[:cut]) + parted, state.at)
            state.at += len(line) - len(code) + cut
            state.in_code_line = True
            return True
        if not done and self._look is Look.SETTLED:
            return False
        self._put_code(fence, tamed(code.rstrip("\r")), state.at)
        state.in_code_line = False
        return self._advance(len(line))

    # Tables.

    def _table_or_wait(self, line: str, done: bool) -> bool | None:
        """None if `line` begins no table; otherwise whether it has been read as one's header."""
        if not tables.begins(line[: tables.HEADER_LOOK]):
            waits = not done and len(line) <= tables.HEADER_LOOK and self._look is Look.SETTLED
            return False if waits else None
        if len(line) > self._limits.page // 4:
            return None
        end = self._text.find("\n", self._state.at)
        aligns = self._alignment(line, end + 1) if end >= 0 else None
        if aligns is None and self._look is not Look.FINAL and self._undecided(end + 1):
            return self._before_pipe(line)
        return self._begin_table(line, aligns, end + 1) if aligns else None

    def _alignment(self, header: str, start: int) -> str | None:
        end = self._text.find("\n", start)
        if end < 0 and self._look is not Look.FINAL:
            return None
        return tables.alignment(header, self._text[start : end if end >= 0 else len(self._text)])

    def _undecided(self, start: int) -> bool:
        """Whether the line at `start`, the one after what may be a header, can still become a delimiter row."""
        return start == 0 or (self._text.find("\n", start) < 0 and tables.may_delimit(self._text[start:]))

    def _before_pipe(self, line: str) -> bool | None:
        """The text before a pipe is shown while it is waited for; what follows could be a cell."""
        if self._look is Look.TAIL and (shown := tables.before_pipe(line).rstrip()):
            self._text = self._text[: self._state.at + len(shown)]
            return None
        return False

    def _header_alone(self, shown: str) -> None:
        """What was shown before the first pipe stays in sight until the table has a row."""
        state = self._state
        self._text = self._text[: state.row_at + len(shown)]
        state.table, state.at = None, state.row_at
        self.run()

    def _begin_table(self, line: str, aligns: str, delimiter: int) -> bool | None:
        table = Table(tuple(map(self._cell, tables.split_row(line))), aligns)
        layout = tables.lay_out(table, ())
        if units(layout.opening) > self._limits.page // 3 or units(line) > self._limits.page // 4:
            return None
        self._begin_line(quoted=False)
        self._raise_rank()
        state = self._state
        state.table, state.begun, state.rowed, state.row_at, state.prefix = table, False, False, state.at, ""
        end = self._text.find("\n", delimiter)
        return self._advance((end if end >= 0 else len(self._text)) - self._state.at)

    def _row(self, table: Table, line: str) -> bool:
        cells = tuple(map(self._cell, tables.fitted(tables.split_row(line), len(table.headers))))
        layout = tables.lay_out(table, (cells,))
        if units(layout.opening + layout.body + layout.closing) <= self._limits.page - 20:
            self._put_row(Row(table, cells))
        else:
            self._end_rows(table)
            self._put_lines(tables.listed(table, cells))
            self._state.rowed = True
        self._advance(len(line))
        self._state.row_at = self._state.at
        return True

    # Text.

    def _rest_of_line(self) -> bool:
        """Ends with the line, unless a span goes on into the next."""
        state = self._state
        span, at = (state.span, state.span_at) if state.span else (Span.within(state.spoiler), state.at)
        state.span = None
        while True:
            end = self._text.find("\n", at)
            done = end >= 0 or self._look is Look.FINAL
            stop = end if end >= 0 else len(self._text)
            span, at = self._words(span, at, stop, done)
            goes_on = self._goes_on(span, stop + 1) if done and at == stop and span.open else False
            if at < stop or not done or goes_on is None:
                return self._meanwhile(span, at)
            if not goes_on:
                self._flush(span)
                self._end_line()
                return self._advance(stop - state.at)
            span.entries.append(Entry(Kind.SPACE, "\n", "\n", stop))
            indent = grammar.INDENT.match(self._text, stop + 1)
            at = indent.end() if indent else stop + 1

    def _words(self, span: Span, at: int, stop: int, done: bool) -> tuple[Span, int]:
        """The span that is open in the end, and how far the line could be read."""
        text, state = self._text, self._state
        for token in read(text, at, stop, whole=done, longest=self._limits.whole, word=self._limits.word):
            if token.kind is Kind.HALF:
                if token.text and self._look is Look.TAIL:
                    kind = Kind.WHOLE if token.text[0] == "`" else Kind.WORD
                    span.entries.append(Entry(kind, token.text, token.plain, token.start))
                return span, token.start
            if state.heading and self._closes_heading(token, stop):
                return span, stop if done else token.start
            at = token.end
            if not span.open and token.kind not in MARKING:
                self._put_token(token.kind, token.text, token.start)
                state.at = token.end
                continue
            span.add(token, *around(token, text))
            if not span.open or span.size > self._limits.whole:
                self._flush(span)
                span, state.at = Span.within(state.spoiler), token.end
        return span, at

    def _closes_heading(self, token: Token, stop: int) -> bool:
        """`# Title #`: as far as can be seen, nothing follows."""
        alone = not token.text.strip("#") and self._text[token.start - 1].isspace()
        return token.kind is Kind.WORD and alone and not self._text[token.end : stop].strip()

    def _meanwhile(self, span: Span, at: int) -> bool:
        """A span that is open is not read again when more of it comes."""
        if self._look is Look.TAIL:
            span.close_all()
            self._flush(span)
        elif span.open:
            self._state.span, self._state.span_at = span, at
        return False

    def _goes_on(self, span: Span, at: int) -> bool | None:
        """Whether a paragraph goes on at the line that begins at `at`; None if that cannot be said yet."""
        state = self._state
        if state.quoted or state.heading or (state.apart and span.hides):
            return False
        end = self._text.find("\n", at)
        line = self._text[at : end if end >= 0 else len(self._text)]
        if end < 0 and self._look is not Look.FINAL and (not line or grammar.AMBIGUOUS.fullmatch(line)):
            return None
        return grammar.BLOCK.match(line) is None

"""Reads lines as what they begin: paragraphs, headings, items of lists, code, tables.

A line's block is told by its beginning, before it has ended, except for fences, rules and tables: those wait for the
line's end, and a table's header for its delimiter row.
"""

from __future__ import annotations

import re

from bot.delivery import grammar, tables
from bot.delivery.fences import INDENTED, Fence, opened_by, tamed, units
from bot.delivery.inline import raised
from bot.delivery.pieces import Piece, Rank
from bot.delivery.spans import SPOILER
from bot.delivery.state import Level
from bot.delivery.tables import Row, Table
from bot.delivery.text import Look, TextReading

RULE = "─" * 10
DOUBLE_RULE = "═" * 10


class Reading(TextReading):
    """One look at the whole of the source from the settled place on."""

    open_fence: Fence | None = None
    """Of a text that has ended: the block of code that it leaves open."""

    def run(self) -> list[Piece]:
        state = self._state
        while state.at < len(self._text) and (self._line() if state.new_line else self._rest_of_line()):
            pass
        if self._look is Look.TAIL and state.table is not None and not state.rowed:
            self._header_alone(self._text[state.row_at :].split("\n", 1)[0])
        if self._look is Look.FINAL:
            self.open_fence = state.fence
            self._end_table()
            if state.fence is None:
                self._end_line()
            elif state.prefix:
                self._close_fence()
        return self.pieces

    @property
    def ends_code(self) -> bool:
        """Whether the last that was written is the end of a block of code."""
        return self._state.boxed and bool(self.pieces) and self.pieces[-1].row is None

    def _line(self) -> bool:
        end = self._text.find("\n", self._state.at)
        done = end >= 0 or self._look is Look.FINAL
        line = self._text[self._state.at : end if end >= 0 else len(self._text)]
        quote, inner = grammar.unquoted(line)
        if self._state.fence is not None:
            return self._code_line(self._state.fence, line, done)
        if not done and (not inner.strip() or grammar.AMBIGUOUS.fullmatch(inner)):
            return False
        if not inner.strip():
            self._blank_line(bool(quote))
            self._state.formula = ""
            return self._advance(len(line))
        return self._block(line, inner, bool(quote), done)

    def _block(self, line: str, inner: str, quoted: bool, done: bool) -> bool:
        if self._state.table is not None:
            cells = inner.lstrip().startswith("|") or (
                grammar.BLOCK.match(inner) is None and (not done or "|" in inner)
            )
            cells = cells and not (done and inner.strip() == SPOILER)
            if cells and quoted is self._state.quoted:
                return done and self._row(self._state.table, line, inner)
            self._end_table()
        item = grammar.ITEM.match(inner)
        fence = opened_by(inner[item.end() :], margin=grammar.margin(inner)) if item else opened_by(inner)
        if fence is not None:
            return done and self._open_fence(fence, line, item, quoted)
        self._state.formula = self._state.formula if quoted is self._state.quoted else ""
        if self._state.formula:
            return self._text_line(line, inner, quoted)
        if formula := grammar.FORMULA.fullmatch(inner):
            self._text_line(line, inner, quoted)
            return self._begin_formula(
                grammar.FORMULAS[formula["opening"]], end=self._state.at + len(inner.lstrip(" \t"))
            )
        if (underline := grammar.UNDERLINE.fullmatch(inner)) and self._underlines(quoted):
            return self._underline(underline, line, inner, quoted)
        if grammar.RULE.fullmatch(inner):
            return self._rule(line, quoted)
        start = self._state.at + len(line) - len(inner)
        if heading := grammar.HEADING.match(inner):
            self._begin_line(quoted=quoted, heading=len(heading[1]))
            return self._begin_text(start + heading.end())
        if item is not None:
            self._begin_item(item, quoted)
            return self._begin_text(start + item.end())
        if note := grammar.FOOTNOTE.match(inner):
            self._begin_footnote(note["number"], quoted)
            return self._begin_text(start + note.end())
        return self._paragraph(line, inner, quoted, done)

    def _begin_text(self, at: int) -> bool:
        self._state.at = at
        self._state.new_line = False
        return True

    def _begin_item(self, item: re.Match[str], quoted: bool) -> None:
        level = Level(len(item["indent"].expandtabs(4)), item["mark"][-1], quoted)
        outer = self._outer_lists(level, quoted)
        self._begin_line(quoted=quoted, listed=True)
        state, outer = self._state, outer[: grammar.MAX_LEVEL]
        mark = f"{item['mark'][:-1]}." if item["mark"][0].isdigit() else "-"
        before = f"{' ' * (outer[-1].inset if outer else 0)}{mark} "
        state.lists = (*outer, level._replace(inset=len(before)))
        state.prefix += before + grammar.BOXES[item["box"]]
        state.hang += " " * len(before)

    def _begin_footnote(self, number: str, quoted: bool) -> None:
        """Texts that stand further in are more of it, as in a list."""
        self._begin_line(quoted=quoted)
        self._state.lists = (Level(0, "", quoted),)
        self._prefix(f"{raised(number)} ", self._state.at)

    def _outer_lists(self, level: Level, quoted: bool) -> tuple[Level, ...]:
        """Those in which an item stands. Discord takes what follows a list for more of it, whatever its marks, unless a
        blank line or a text parts them; behind these it knows nothing of the lists before, and begins one for all."""
        state, beside = self._state, level
        outer = tuple(each for each in state.lists if each.quoted is quoted)
        while outer and level.column < outer[-1].column + 2:
            outer, beside = outer[:-1], outer[-1]
        goes_on = state.apart and state.space == "\n" and quoted is state.quoted
        if goes_on and beside.mark != level.mark:
            self._blank_line(quoted)
        elif goes_on:
            return outer
        return tuple(each._replace(mark=level.mark) for each in outer)

    def _paragraph(self, line: str, inner: str, quoted: bool, done: bool) -> bool:
        if (answer := self._table_or_wait(line, inner, quoted, done)) is not None:
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
        self._state.paragraph = True
        return self._begin_text(self._state.at + len(line) - len(text))

    def _hang(self, indent: int) -> None:
        """A text in a list stands where the list's texts do."""
        state = self._state
        if not indent and state.rank is Rank.BLOCK:
            state.lists = tuple(level for level in state.lists if state.quoted and not level.quoted)
        outer = [level.inset for level in state.lists if level.column < indent and level.quoted is state.quoted]
        margin = " " * max(outer, default=0)
        self._prefix(margin, state.at)
        state.hang += margin
        state.apart = bool(margin)

    def _text_line(self, line: str, inner: str, quoted: bool) -> bool:
        text = inner.lstrip(" \t")
        self._begin_line(quoted=quoted)
        self._hang(len(inner[: len(inner) - len(text)].expandtabs(4)))
        return self._begin_text(self._state.at + len(line) - len(text))

    def _rule(self, line: str, quoted: bool) -> bool:
        self._begin_line(quoted=quoted)
        self._raise_rank()
        self._put(RULE, self._state.at)
        self._end_line()
        self._state.rank, self._state.lists = Rank.BLOCK, ()
        return self._advance(len(line))

    def _underlines(self, quoted: bool) -> bool:
        """Whether the next line stands directly below a paragraph."""
        state = self._state
        return state.paragraph and state.space == "\n" and quoted is state.quoted and not state.quote_gap

    def _underline(self, underline: re.Match[str], line: str, inner: str, quoted: bool) -> bool:
        """The title has been shown as a text before it could be told from one. GitHub draws a line below it as well."""
        state = self._state
        self._begin_line(quoted=quoted)
        self._hang(len(inner) - len(inner.lstrip(" ")))
        state.rank = Rank.NONE
        self._put(DOUBLE_RULE if underline["mark"] else RULE, state.at)
        self._end_line()
        state.heading = state.deep = True
        return self._advance(len(line))

    # Code.

    def _open_fence(self, fence: Fence, line: str, item: re.Match[str] | None, quoted: bool) -> bool:
        if item is not None:
            self._begin_item(item, quoted)
            self._end_line()
        self._begin_code(fence, quoted)
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
            state.blank_code = min(state.blank_code + done, self._limits.word)
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
        if words := fence.words_behind(code, done=done):
            self._close_fence()
            state.at += len(line) - len(code) + words
            return self._behind_mark() if quote else True
        if not done and (fence.may_close(code) or fence.may_have_words(code)):
            return False
        if state.prefix and code.strip():
            fence = state.fence = fence.beginning_with(code)
        return self._code(fence, line, fence.dedented(code), done)

    def _behind_mark(self) -> bool:
        """The words behind the mark that ends a quoted block are quoted as well."""
        self._begin_line(quoted=True)
        return self._begin_text(self._state.at)

    def _code(self, fence: Fence, line: str, code: str, done: bool) -> bool:
        """A long line is settled in parts, as it comes."""
        state, margin, known = self._state, len(line) - len(code), fence.before_end(code)
        last = done and known != code and self._parting(known) == len(known)
        ends = last and fence.closed_behind(self._whole_line())
        code = known if ends or not done else code
        cut = self._parting(code)
        if cut < len(code):
            parted = "\u200b" if code[cut - 1 : cut + 1] == "``" else ""
            self._put_code(fence, tamed(code[:cut]) + parted, state.at)
            state.at += margin + cut
            state.in_code_line = True
            return True
        if not done and self._look is Look.SETTLED:
            return False
        if code or not state.in_code_line:
            self._put_code(fence, tamed(code), state.at)
        state.in_code_line = False
        if ends:
            self._close_fence()
        return self._advance(len(line))

    def _whole_line(self) -> str:
        """The one in which reading has come to `state.at`."""
        end = self._text.find("\n", self._state.at)
        return self._text[self._line_start(self._state.at) : end if end >= 0 else len(self._text)]

    # Tables.

    def _table_or_wait(self, line: str, inner: str, quoted: bool, done: bool) -> bool | None:
        """None if `line` begins no table; otherwise whether it has been read as one's header."""
        if not tables.begins(inner[: tables.HEADER_LOOK]):
            waits = not done and len(inner) <= tables.HEADER_LOOK and self._look is Look.SETTLED
            return False if waits else None
        if len(line) > self._limits.page // 4:
            return None
        end = self._text.find("\n", self._state.at)
        aligns = self._alignment(inner, quoted, end + 1) if end >= 0 else None
        if aligns is None and self._look is not Look.FINAL and self._undecided(quoted, end + 1):
            return self._before_pipe(line, inner)
        return self._begin_table(inner, quoted, aligns, end + 1) if aligns else None

    def _alignment(self, header: str, quoted: bool, start: int) -> str | None:
        end = self._text.find("\n", start)
        if end < 0 and self._look is not Look.FINAL:
            return None
        quote, line = grammar.unquoted(self._text[start : end if end >= 0 else len(self._text)])
        return tables.alignment(header, line) if bool(quote) is quoted else None

    def _undecided(self, quoted: bool, start: int) -> bool:
        """Whether the line at `start`, the one after what may be a header, can still become a delimiter row."""
        if start == 0:
            return True
        quote, line = grammar.unquoted(self._text[start:])
        marked = bool(quote) is quoted or not line.strip(" ")
        return marked and self._text.find("\n", start) < 0 and tables.may_delimit(line)

    def _before_pipe(self, line: str, inner: str) -> bool | None:
        """The text before a pipe is shown while it is waited for; what follows could be a cell."""
        if self._look is Look.TAIL and (shown := tables.before_pipe(inner)).strip():
            self._text = self._text[: self._state.at + len(line) - len(inner) + len(shown)]
            return None
        return False

    def _header_alone(self, header: str) -> None:
        """What was shown before the first pipe stays in sight until the table has a row."""
        state = self._state
        quote, inner = grammar.unquoted(header)
        self._text = self._text[: state.row_at + len(quote) + len(tables.before_pipe(inner))]
        state.table, state.at = None, state.row_at
        self.run()

    def _begin_table(self, line: str, quoted: bool, aligns: str, delimiter: int) -> bool | None:
        table = Table(tuple(map(self._cell, tables.split_row(line))), aligns, "> " if quoted else "")
        layout = tables.lay_out(table, ())
        if units(layout.opening) > self._limits.page // 3 or units(line) > self._limits.page // 4:
            return None
        state, gap = self._state, self._state.quote_gap and quoted
        self._begin_line(quoted=quoted)
        self._raise_rank()
        state.table, state.begun, state.rowed, state.row_at, state.prefix = table, False, False, state.at, ""
        state.quote_gap = gap
        end = self._text.find("\n", delimiter)
        return self._advance((end if end >= 0 else len(self._text)) - self._state.at)

    def _row(self, table: Table, line: str, inner: str) -> bool:
        cells = tuple(map(self._cell, tables.fitted(inner, len(table.headers))))
        layout = tables.lay_out(table, (cells,))
        shown = not self._state.rowed and not layout.opening  # text of the header, in the first half of a page
        page = self._limits.page // 2 if shown else self._limits.page
        if units(layout.opening + layout.body + layout.closing) <= page - 20:
            self._put_row(Row(table, cells))
        else:
            self._end_rows(table)
            self._put_lines(tables.listed(table, cells))
            self._state.rowed = True
        self._advance(len(line))
        self._state.row_at = self._state.at
        return True

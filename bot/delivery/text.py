"""Reads the text of a line, word for word, and over the lines that a span in it runs on."""

from __future__ import annotations

import re
from enum import Enum

from bot.delivery import grammar
from bot.delivery.fences import Fence, opened_behind, opening_ticks
from bot.delivery.inline import Kind, Token, hushed, literal, longest_half, read
from bot.delivery.spans import MARKING, PATIENCE, Entry, Mark, Span, around
from bot.delivery.state import Limits, State
from bot.delivery.writing import Writer

LONGEST_COMMENT = 1000
"""Characters for which the end of a comment is waited for; nothing behind its beginning is shown meanwhile."""


class Look(Enum):
    SETTLED = 0
    """Only what can change no more."""
    TAIL = 1
    """What may be shown of the rest."""
    FINAL = 2
    """The text has ended."""


class TextReading(Writer):
    """One look at the source from the settled place on. Methods that return a bool say whether they settled any."""

    def __init__(self, text: str, state: State, limits: Limits, look: Look) -> None:
        super().__init__(state, limits)
        self._text = text
        self._look = look
        # After a look at the tail, what was closed for it in the last words:
        self.ticks = ""
        """Code, by its backticks."""
        self.closed: tuple[Mark, ...] = ()
        """Spans, from the inmost."""

    def _advance(self, length: int) -> bool:
        self._state.at += length + 1
        self._state.new_line = True
        return True

    def _rest_of_line(self) -> bool:
        """Ends with the line, unless a span goes on into the next."""
        state = self._state
        if state.formula:
            return self._rest_of_formula()
        span, at = (state.span, state.span_at) if state.span else (Span.within(state.spoiler), state.at)
        state.span = None
        while True:
            end = self._text.find("\n", at)
            done = end >= 0 or self._look is Look.FINAL
            stop = end if end >= 0 else len(self._text)
            span, at = self._words(span, at, stop, done)
            if at < stop and (behind := self._behind_comment(at)):
                at = behind
                continue
            if at < stop and done and self._goes_behind(at, stop):
                self._flush(span)
                state.at = at
                return self._begin_behind(stop)
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

    def _begin_behind(self, stop: int) -> bool:
        """Ends a line's text at the code or the formula with which the line ends."""
        state = self._state
        if (fence := self._code_behind(state.at, stop)) is None:
            return self._begin_formula(self._formula_behind(state.at, stop), stop)
        self._end_line()
        self._begin_code(fence, state.quoted)
        return self._advance(stop - state.at)

    def _rest_of_formula(self) -> bool:
        state, text = self._state, self._text
        end = text.find("\n", state.at)
        stop = end if end >= 0 else len(text)
        done = end >= 0 or self._look is Look.FINAL
        begin = self._line_start(state.at)
        if not self._formula_words(begin, stop, done):
            return False
        if state.formula in text[begin:stop]:
            state.formula = ""
        self._end_line()
        return self._advance(stop - state.at)

    def _begin_formula(self, closing: str, end: int) -> bool:
        """With the rest of a line, which ends at `end`."""
        self._formula_words(self._line_start(self._state.at), end, done=True)
        self._end_line()
        self._state.formula = closing
        return self._advance(end - self._state.at)

    def _formula_words(self, begin: int, stop: int, done: bool) -> bool:
        """Word for word as it is written, in a line that begins at `begin`. Whether that is all of it."""
        state, text = self._state, self._text
        for match in re.compile(rf"[^\S\n]+|\S{{1,{self._limits.piece // 2}}}").finditer(text, state.at, stop):
            if match.end() == stop and not done:
                return False
            first = not text[begin : match.start()].strip(" \t>")
            space = match[0].isspace()
            self._put_token(
                Kind.SPACE if space else Kind.WORD, match[0] if space else literal(match[0], first=first), match.start()
            )
            state.at = match.end()
        return done

    def _words(self, span: Span, at: int, stop: int, done: bool) -> tuple[Span, int]:
        """The span that is open in the end, and how far the line could be read."""
        text, state = self._text, self._state
        sizes = self._limits
        for token in read(text, at, stop, whole=done, longest=sizes.whole, word=sizes.word, most=sizes.piece):
            if token.kind is Kind.HALF:
                if token.text and self._look is Look.TAIL:
                    code = text[token.start : token.end]
                    ticks = opening_ticks(code)
                    # One that has been open for long may be a sign.
                    self.ticks = ticks if len(code) <= PATIENCE else ""
                    self._half_code = token.start, 2 * len(ticks) if len(ticks) > 2 else 0
                    kind = Kind.WHOLE if token.text[0] == "`" else Kind.WORD
                    span.entries.append(Entry(kind, token.text, token.plain, token.start))
                return span, token.start
            if state.heading and self._closes_heading(token, stop):
                return span, stop if done else token.start
            if token.text == "\\" and token.end == stop < len(text):
                if (breaks := self._breaks(stop + 1)) is None:
                    return span, token.start
                token = token._replace(text="", plain="") if breaks else token
            if token.text == "<" and self._behind_comment(token.start) != 0:
                return span, token.start
            if done and token.kind is Kind.GLUE and self._goes_behind(token.start, stop):
                return span, token.start
            at = token.end
            if token.kind is Kind.WHOLE and "://" in token.text and self._defines(token.start):
                token = token._replace(text=hushed(token.text))
            if not span.open and token.kind not in MARKING:
                self._put_token(token.kind, token.text, token.start)
                state.at = token.end
                continue
            span.add(token, *around(token, text))
            if not span.open or span.size > sizes.whole:
                self._flush(span)
                span, state.at = Span.within(state.spoiler), token.end
        return span, at

    def _behind_comment(self, at: int) -> int | None:
        """Where the comment at `at` ends, in whichever line; 0 if there is none, None if that cannot be said yet."""
        if not self._text.startswith("<!--", at):
            return 0
        if (end := self._text.find("-->", at, at + LONGEST_COMMENT)) >= 0:
            return end + 3
        return 0 if self._look is Look.FINAL or len(self._text) - at >= LONGEST_COMMENT else None

    def _goes_behind(self, at: int, stop: int) -> bool:
        """Whether at `at` begins what no line of text holds."""
        return self._text[at] in "`$\\" and bool(self._code_behind(at, stop) or self._formula_behind(at, stop))

    def _formula_behind(self, at: int, stop: int) -> str:
        longest = longest_half(self._text, at, self._limits.whole) if at < stop else 0
        return grammar.formula_behind(self._text, at, stop) if stop - at <= longest else ""

    def _code_behind(self, at: int, stop: int) -> Fence | None:
        """The block that begins at the line's end. A line too large to be waited for has none."""
        if not self._text.startswith("```", at) or stop - at > self._limits.whole:
            return None
        line = grammar.unquoted(self._text[self._line_start(at) : stop])[1]
        return opened_behind(self._text, at, stop, margin=grammar.margin(line))

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _defines(self, at: int) -> bool:
        """Whether what stands at `at` is what a link elsewhere refers to: one of a row of sources, all previews."""
        return grammar.DEFINITION.fullmatch(self._text, self._line_start(at), at) is not None

    def _breaks(self, at: int) -> bool | None:
        """Whether a backslash before the line at `at` breaks a paragraph's line; None if that cannot be said yet."""
        end = self._text.find("\n", at)
        if self._text[at : end if end >= 0 else len(self._text)].strip():
            return True
        return False if end >= 0 or self._look is Look.FINAL else None

    def _closes_heading(self, token: Token, stop: int) -> bool:
        """`# Title #`: as far as can be seen, nothing follows."""
        alone = not token.text.strip("#") and self._text[token.start - 1].isspace()
        return token.kind is Kind.WORD and alone and not self._text[token.end : stop].strip()

    def _meanwhile(self, span: Span, at: int) -> bool:
        """A span that is open is not read again when more of it comes."""
        if self._look is Look.TAIL:
            self.closed = span.close_all(at)
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

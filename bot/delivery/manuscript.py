"""An answer's newest text, and what each of its messages shows of that."""

from __future__ import annotations

from dataclasses import dataclass

from bot.delivery.split import LIMIT, Splitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How an answer is shown. After `messages` of it, `notice` comes with the whole answer, as written, in a file."""

    messages: int = 10
    previews: bool = False
    """Whether Discord shows what its links lead to."""
    notice: str = ""


class Manuscript:
    """`edited_only`: its first message is an edit, which cannot keep previews away, so its links have to."""

    def __init__(self, form: Form, *, edited_only: bool) -> None:
        self.form = form
        self.text = ""
        self.final = False
        self._splitter = Splitter(quiet=edited_only and not form.previews)
        self._split = "", False
        self.pages: tuple[str, ...] = ()
        """As last laid out."""
        self._file_at: int | None = None
        self._files_forbidden = False

    def write(self, text: str, *, final: bool = False) -> None:
        """The whole answer so far."""
        self.text, self.final = text, final

    def lay_out(self) -> tuple[str, ...]:
        """The pages of the newest text."""
        if self._split != (self.text, self.final):
            self._split = self.text, self.final
            self.pages = self._formed(tuple(page.text for page in self._splitter.feed(self.text, final=self.final)))
        return self.pages

    @property
    def same_pages(self) -> bool:
        """Whether the newest text is too short to have begun another page since they were laid out."""
        return not self.final and len(self.text) < self._splitter.open_at + LIMIT

    def file(self, position: int) -> str | None:
        """The file that goes with a page."""
        return self.text if position == self._file_at else None

    def forbid_files(self) -> None:
        self._files_forbidden, self._split = True, ("", False)

    def _formed(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        most = self.form.messages
        too_many = len(texts) > most and not self._files_forbidden
        self._file_at = most if too_many and self.final else None
        if not too_many:
            return texts
        return (*texts[:most], self.form.notice) if self.final else texts[:most]

"""An answer's newest text, and what each of its messages shows of that."""

from __future__ import annotations

from dataclasses import dataclass

from bot.delivery.fences import units
from bot.delivery.split import LIMIT, Splitter, small_print, with_remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How an answer is shown. After `messages` of it, `notice` comes with the whole answer, as written, in a file."""

    lead: str = ""
    """Shown above the answer: the question, where Discord does not show it, as a quoted line in Discord's dialect."""
    messages: int = 10
    previews: bool = False
    """Whether Discord shows what its links lead to."""
    edited_only: bool = False
    """Its first message is an edit, which cannot keep previews away, so its links have to."""
    notice: str = ""


class Manuscript:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.text = ""
        """All there is to show below the lead."""
        self._answer = ""
        """Of it, what goes into a file, below the lead."""
        self._remark: str | None = None
        self.final = False
        self._splitter = self._new_splitter()
        self._split = "", False
        self._open = 0
        """UTF-16 units of the last page, and of what is held back from it."""
        self.pages: tuple[str, ...] = ()
        """As last laid out."""
        self._file_at: int | None = None
        self._files_forbidden = False

    def write(self, answer: str, *, remark: str | None = None, final: bool = False) -> None:
        """The whole answer so far, and what is said below it."""
        self._answer, self._remark = answer, remark
        self.text, self.final = with_remark(answer, remark), final

    def lay_out(self) -> tuple[str, ...]:
        """The pages of the newest text."""
        if not self.laid_out:
            self._split = self.text, self.final
            texts = tuple(page.text for page in self._splitter.feed(self.text, final=self.final))
            held = len(self.form.lead) + len(self.text) - self._splitter.open_at
            self._open = max(units(texts[-1]) if texts else 0, held)
            self.pages = self._formed(texts)
        return self.pages

    @property
    def laid_out(self) -> bool:
        return self._split == (self.text, self.final)

    @property
    def same_pages(self) -> bool:
        """Whether the newest text has hardly begun another page since they were laid out.

        A character has two units at the most; but a table may take more room than its text, and a link less.
        """
        grown = len(self.text) - len(self._split[0])
        return not self.final and grown >= 0 and self._open + 2 * grown < LIMIT

    @property
    def overflows(self) -> bool:
        """Whether there is more than its messages may show, which comes in a file at the end."""
        return self._file_at is not None

    def file(self, position: int) -> str | None:
        """The file that goes with a page."""
        return "\n\n".join(filter(None, (self.form.lead, self._answer))) if position == self._file_at else None

    def forbid_files(self) -> None:
        self._files_forbidden, self._split = True, ("", False)

    def _remark_alone_is_over(self, texts: tuple[str, ...]) -> bool:
        """Whether the answer fits into its messages: what is said below it may have one more."""
        if self._remark is None or len(texts) != self.form.messages + 1:
            return False
        return len(self._new_splitter().feed(self._answer, final=True)) < len(texts)

    def _new_splitter(self) -> Splitter:
        return Splitter(quiet=self.form.edited_only and not self.form.previews, lead=self.form.lead)

    def _formed(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        most = self.form.messages
        too_many = len(texts) > most and not self._files_forbidden and not self._remark_alone_is_over(texts)
        self._file_at = most if too_many else None
        if not too_many:
            return texts
        told = filter(None, (self.form.notice, self._remark))
        return (*texts[:most], small_print("\n".join(told))) if self.final else texts[:most]

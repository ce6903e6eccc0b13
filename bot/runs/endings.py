"""How a run ended, and what its asker is told below the answer, or in place of one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.run import FinishReason, RunStatus
from bot.domain.usage import Usage
from bot.words import N_, Words

STOPPED = N_("Stopped: the conversation was reset.")
OUT_OF_TIME = N_("Discord gives me 15 minutes for a private answer, and they are over. Ask in the channel for more.")
IN_FILE = N_("The answer goes on in the file, which has it from its beginning.")
_INTERRUPTED = N_("The answer was interrupted here: the bot was restarted. Ask again for a whole answer.")

_NEARLY_ALL = 0.9
"""Of the bot's limit, by the server's count: below it the limit that ended an answer was not the bot's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a call: `text` is the answer as the model gave it."""

    text: str
    reason: FinishReason
    usage: Usage | None
    model: str | None = None

    @property
    def status(self) -> RunStatus:
        if not self.text.strip():
            return RunStatus.FAILED
        if self.reason in (FinishReason.STOP, FinishReason.REFUSAL):
            return RunStatus.COMPLETED
        return RunStatus.INCOMPLETE


def remark(outcome: Outcome, cap: int, _: Words) -> str | None:
    """What is said about how the answer ended; None for an ordinary end. `cap` is the answer's limit in tokens."""
    if not outcome.text.strip():
        return _without_text(outcome, cap, _)
    match outcome.reason:
        case FinishReason.LENGTH:
            if _ended_early(outcome, cap):
                return _("The model's server ended the answer at a limit of its own. Reply “continue” for the rest.")
            return _("The answer reached its limit of {cap:number} tokens. Reply “continue” for the rest.", cap=cap)
        case FinishReason.CONTENT_FILTER:
            return _("The model's content filter ended the answer here.")
        case FinishReason.BROKEN:
            return _("The connection to the model broke here. Ask again for a whole answer.")
        case FinishReason.INTERRUPTED:
            return _(_INTERRUPTED)
        case FinishReason.STOP | FinishReason.REFUSAL:
            return None


def _without_text(outcome: Outcome, cap: int, _: Words) -> str:
    if outcome.reason is FinishReason.LENGTH:
        return _thought_only(outcome, cap, _)
    if outcome.reason is FinishReason.CONTENT_FILTER:
        return _("The model's content filter held the whole answer back. Try to put the question another way.")
    if outcome.reason is FinishReason.INTERRUPTED:
        return _(_INTERRUPTED)
    if outcome.reason is FinishReason.BROKEN:
        return _("The connection to the model broke before any answer came. Please ask again.")
    return _("The model gave an empty answer. Please ask again, perhaps in other words.")


def _thought_only(outcome: Outcome, cap: int, _: Words) -> str:
    if _ended_early(outcome, cap):
        return _(
            "The model's server ended the answer at a limit of its own before the model wrote anything. A moderator "
            "can lower “Tokens of history, question and answer together” with `/settings set`, or the persona's "
            "reasoning effort."
        )
    return _(
        "The model spent its whole limit of {cap:number} tokens on thinking and wrote no answer. A moderator can raise "
        "“Longest answer in tokens” or “Tokens of history, question and answer together” with `/settings set`, or "
        "lower the persona's reasoning effort.",
        cap=cap,
    )


def _ended_early(outcome: Outcome, cap: int) -> bool:
    return outcome.usage is not None and outcome.usage.completion_tokens < _NEARLY_ALL * cap

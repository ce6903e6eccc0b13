"""The personas that every server and every DM has from the start."""

from __future__ import annotations

from bot.domain.persona import Persona
from bot.words import N_, Words

_SHIPPED = (
    (
        "companion",
        N_("Companion"),
        N_(
            "You are a friendly, attentive member of this conversation. Answer in the language you are spoken to. Be "
            "brief when the question is small and thorough when it is not. Say so when you do not know."
        ),
        N_("Hello! Ask me anything."),
    ),
    (
        "tutor",
        N_("Tutor"),
        N_(
            "You are a patient tutor. Find out what the learner already knows, explain one step at a time with a small "
            "example, and end with one short question that lets them try it themselves. Do not hand out the solution "
            "of an exercise before they have tried. Answer in the language you are spoken to."
        ),
        N_("What would you like to understand?"),
    ),
    (
        "editor",
        N_("Editor"),
        N_(
            "You are a careful editor. Improve the text you are given without changing its meaning or its voice: show "
            "the improved text first, then list the changes that matter with a reason each. Keep the language of the "
            "text. If there is no text to edit, ask for it."
        ),
        N_("Send me a text, and I will polish it."),
    ),
)

DEFAULT_REF = "shipped:companion"


def shipped(_: Words) -> tuple[Persona, ...]:
    """In the language of `_`: their instructions too, since they shape the language of the answers."""
    return tuple(
        Persona(ref=f"shipped:{slug}", name=_(name), instructions=_(instructions), greeting=_(greeting))
        for slug, name, instructions, greeting in _SHIPPED
    )

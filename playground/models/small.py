"""What a model of 135 million parameters can bear of a prompt that was written for a large one.

It takes rules for its subject and goes on with what it sees: from lines such as "Ada: hello" with "Grace: …", from
paragraphs about Markdown with talk of Markdown. So it is given one sentence on who it is, and of each turn the words
alone. It was taught English only, and after a turn in another script it writes nonsense in that script, whatever it is
asked: such turns are left out. Where the question itself is one, a notice stands for the answer, which says that it is
none of the model's; that is left out later too.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from playground.models.recital import text_of

ASSISTANT = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What stood before every conversation that it was trained with (the template in its file), without a full stop. Of six
plain questions it answers five so; with "Answer briefly." behind it, three."""
NOBODY = "You are a friendly, attentive member of this conversation."
"""How the bot's usual persona begins. It says nothing of who speaks, and with it the model answers three of those."""
SAMPLING = {
    "temperature": 0.2,
    "top_p": 0.9,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 4,
    "dry_penalty_last_n": 256,
}
"""Left to itself it says whole sentences again and again; penalties on single words make it avoid the question's.
What the bot asks for comes before these."""
READ = "LATIN"
NOTICES = {
    "HANGUL": "*(모델이 아니라 서버가 드리는 안내입니다.)* 이 데모의 작은 모델은 영어만 압니다. 영어로 물어봐 주세요.",
    "": "*(This is the server's notice, not the model's.)* The small model of this demo knows English only.",
}
"""By the script of the question; the last for all others."""
SPEAKER = re.compile(r"\A(?:>[^\n]*\n)*[^\n:]{1,32}: ")
"""What stands before somebody's words: their name, and above it the lines that they reply to."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")


def adapted(body: dict[str, Any]) -> dict[str, Any] | str:
    """The body of a chat completion as the model is sent it, or the notice that stands for an answer."""
    *earlier, asked = map(_turn, body["messages"])
    script = _script(asked["content"])
    if script != READ:
        return NOTICES.get(script, NOTICES[""])
    return {**SAMPLING, **body, "messages": [*(turn for turn in earlier if _readable(turn["content"])), asked]}


def _turn(message: dict[str, Any]) -> dict[str, Any]:
    text, role = text_of(message), message.get("role")
    if role == "user":
        text = SPEAKER.sub("", text, count=1)
    elif role in ("system", "developer"):
        role, text = "system", _instructed(text.strip())
    return {"role": role, "content": text}


def _instructed(text: str) -> str:
    first = SENTENCE_END.split(text, maxsplit=1)[0]
    return f"{first} {ASSISTANT}".strip() if first != NOBODY and _script(first) == READ else ASSISTANT


def _readable(text: str) -> bool:
    return _script(text) == READ and text not in NOTICES.values()


def _script(text: str) -> str:
    """That of most letters, as their names in Unicode begin."""
    scripts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha())
    return max(scripts, key=scripts.__getitem__, default=READ)

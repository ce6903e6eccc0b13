"""What the scripted model says in the demo: that it is a script, in the language of the question, and what it was sent.

It shows what a real model would make the bot do: long answers, Markdown, code, a conversation that is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Messages = Sequence[dict[str, Any]]

HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u318e]")
QUOTED = 400
"""Characters of the question that are repeated."""

ENGLISH = """**I am a script, not a language model.** No model runs here, so these words are fixed; everything \
around them is real: your message, the bot, its database and its edits.

You asked:
{question}

> Instructions I was sent begin: *{instructions}*

What the bot gave me to read:
- your messages in this conversation, this one included: {turns}
- my answers: {answers}
- characters in all: {characters}

```python
def remember(conversation: list[str], said: str) -> list[str]:
    return [*conversation, said]
```

Ask again and the count goes up; `/reset` starts it over. For a model that thinks, set `OPENAI_API_KEY` and run the \
demo once more."""

KOREAN = """**저는 언어 모델이 아니라 정해진 대본입니다.** 모델 없이 실행 중이라 글은 정해져 있지만, \
보내신 메시지와 봇, 데이터베이스, 수정되는 답변은 모두 진짜입니다.

물어보신 것:
{question}

> 제가 받은 지시문의 첫 줄: *{instructions}*

봇이 저에게 보여 준 것:
- 이 대화에서 사람이 한 말 {turns}개 (지금 것 포함)
- 제가 한 답 {answers}개
- 모두 {characters}자

```python
def remember(conversation: list[str], said: str) -> list[str]:
    return [*conversation, said]
```

다시 물어보시면 숫자가 올라가고, `/초기화`를 쓰면 처음부터 다시 셉니다. 생각하는 모델을 쓰려면 `OPENAI_API_KEY`를 \
설정하고 데모를 다시 실행하세요."""


def text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def recite(messages: Messages) -> str:
    asked = [text_of(message) for message in messages if message.get("role") == "user"]
    question = asked[-1] if asked else ""
    form = KOREAN if HANGUL.search(question) else ENGLISH
    return form.format(
        question=_quoted(question),
        instructions=_first_line(messages),
        turns=len(asked),
        answers=sum(message.get("role") == "assistant" for message in messages),
        characters=f"{sum(len(text_of(message)) for message in messages):,}",
    )


def _quoted(text: str) -> str:
    shown = text if len(text) <= QUOTED else text[:QUOTED] + " …"
    return "\n".join(f"> {line}" for line in shown.splitlines()) or ">"


def _first_line(messages: Messages) -> str:
    first = next((text_of(m) for m in messages if m.get("role") in {"system", "developer"}), "")
    line = next(iter(first.strip().splitlines()), "—")
    return line if len(line) <= 120 else line[:120] + " …"

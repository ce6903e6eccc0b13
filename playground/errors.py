"""What Discord answers when it refuses: an HTTP status, its own code, and for forms a tree of what is wrong where.

* ApiError: made by the functions below, one for each of Discord's codes in use
  * InvalidForm
  * SlowedDown
* Impossible: no answer of the API; a person's client would not let them do it

The codes are those of Discord's documentation (topics/opcodes-and-status-codes); which of them a forum answers a
message with, 50008 rather than the 40058 that is listed, is known from refusals. Discord publishes no list of the
names within 50035 (`BASE_TYPE_REQUIRED`): here they are as in refusals that those who use the API have quoted, all but
these, of which no quotation was found: COMPONENT_ID_DUPLICATED, MULTIPART_INVALID, STRING_TYPE_CONVERT,
BOOLEAN_TYPE_CONVERT, LIST_TYPE_CONVERT, and CONTENT_TYPE_INVALID, whose text alone is known. RATE_INVALID and
FAULT_INVALID are the playground's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """`errors`: for code 50035 alone, the fields refused."""

    def __init__(self, status: int, code: int, message: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class InvalidForm(ApiError):
    """Some fields of a request are wrong; keys of `problems` are dotted paths such as `embeds.0.title`."""

    def __init__(self, problems: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(400, 50035, "Invalid Form Body", _tree(problems))
        self.problems = problems


class SlowedDown(ApiError):
    """The channel's slowmode; bots are spared."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(429, 20016, "This action cannot be performed due to slowmode rate limit")
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        return {**super().body(), "retry_after": round(self.retry_after, 3), "global": False}


class Impossible(Exception):
    """Something that Discord's own client does not offer: an unknown command, a missing option, a disabled button."""


def _tree(problems: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What is wrong inside of something that is itself wrong is not told: a node is a branch or a leaf."""
    root: dict[str, Any] = {}
    for path, (code, message) in sorted(problems.items()):
        node = root
        for step in filter(None, path.split(".")):
            if "_errors" in node:
                break
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
    return root


def too_long(path: str, limit: int) -> InvalidForm:
    return InvalidForm({path: ("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")})


def reply_to_system_message() -> InvalidForm:
    told = "Cannot reply to a system message"
    return InvalidForm({"message_reference": ("REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", told)})


def wrong_content_type(*known: str) -> InvalidForm:
    told = f'Expected "Content-Type" header to be one of {{{", ".join(map(repr, known))}}}.'
    return InvalidForm({"": ("CONTENT_TYPE_INVALID", told)})


def not_served(asked: str) -> ApiError:
    """Not Discord's: what it may have and the playground has not. `asked`: method and path, or a field."""
    return ApiError(501, 0, f"{asked} is not served by the playground")


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_emoji() -> ApiError:
    return ApiError(400, 10014, "Unknown Emoji")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def unknown_command() -> ApiError:
    return ApiError(404, 10063, "Unknown application command")


def unknown_tag() -> ApiError:
    return ApiError(404, 10087, "Unknown tag")


def too_many_reactions() -> ApiError:
    return ApiError(400, 30010, "Maximum number of reactions reached (20)")


def already_acknowledged() -> ApiError:
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def tag_required() -> ApiError:
    return ApiError(400, 40067, "A tag is required to create a forum post in this channel")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def not_author() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def wrong_channel_type() -> ApiError:
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def closed_to_messages() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def not_a_text_channel() -> ApiError:
    return ApiError(400, 50008, "Cannot send messages in a non-text channel")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def invalid_webhook_token() -> ApiError:
    return ApiError(401, 50027, "Invalid Webhook Token")


def too_old_to_bulk_delete() -> ApiError:
    return ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")


def archived_thread() -> ApiError:
    return ApiError(400, 50083, "Thread is archived")


def invalid_json() -> ApiError:
    return ApiError(400, 50109, "The request body contains invalid JSON.")


def no_history() -> ApiError:
    return ApiError(400, 160002, "Cannot reply without permission to read message history")


def thread_exists() -> ApiError:
    return ApiError(400, 160004, "A thread has already been created for this message")


def locked_thread() -> ApiError:
    return ApiError(403, 160005, "Thread is locked")


def file_too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")

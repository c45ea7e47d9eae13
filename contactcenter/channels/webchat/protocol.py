"""What goes over the visitor's socket: one JSON object a text frame, its ``type`` first.

The visitor's widget sends

======== ========================================================= ==================================================
type     fields                                                    meaning
======== ========================================================= ==================================================
hello    token?, after?, name?, email?, page?, title?, language?   must be first, within 10 s. ``token``: who I was;
                                                                   ``after``: id of the last line I have. Said again,
                                                                   it only renews name, e-mail, page and language
say      client_id, text, page?, title?                            a message; the same ``client_id`` is the same one
ack      id                                                        the line with this id arrived
typing                                                             the visitor is writing
======== ========================================================= ==================================================

and gets

======== ========================================================= ==================================================
type     fields                                                    meaning
======== ========================================================= ==================================================
welcome  token, visitor, lines                                     ``token`` for next time; ``lines``: the newest 100,
                                                                   or those since shortly before ``after``. A token
                                                                   that is wrong or expired makes a new ``visitor``
line     id, direction, author {type, name}, text, created_at,     something was said; may repeat a line that a socket
         client_id                                                 before this one had brought
accepted client_id, id                                             the message is durable, ``id`` names it from now on
problem  code, message, client_id?, retry_after?                   see :class:`ProblemCode`; ``retry_after`` in seconds
typing                                                             an agent is writing
======== ========================================================= ==================================================

Unknown fields are passed over. Control characters and lone surrogates never get past this module.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contactcenter.channels.webchat.history import ChatLine, is_line_id
from contactcenter.channels.webchat.limits import TEXT_CHARS
from contactcenter.clock import iso

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_EMAIL = re.compile(r"[^\s@<>\"(),:;]{1,64}@[^\s@<>\"(),:;]{1,190}")
_PAGE = re.compile(r"https?://[^\s<>\"]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


class ProblemCode(StrEnum):
    """Why something was not done."""

    MALFORMED = "malformed"  # not the JSON we speak
    UNKNOWN = "unknown"  # a type we do not know
    HELLO_FIRST = "hello-first"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    REFUSED = "refused"  # never, as it stands
    SLOW = "slow"  # too many messages: once more after ``retry_after``
    LATER = "later"  # not stored, nothing lost: once more in a while
    BUSY = "busy"  # too many new chats from this address

    @property
    def strike(self) -> bool:
        """Whether only a broken or hostile client causes it."""
        return self in {ProblemCode.MALFORMED, ProblemCode.UNKNOWN, ProblemCode.HELLO_FIRST}


@dataclass(frozen=True, slots=True)
class Problem:
    """A frame that was not carried out."""

    code: ProblemCode
    message: str
    client_id: str = ""
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the visitor says he is, and where. Only ``token`` proves anything."""

    token: str = ""
    after: str = ""
    name: str = ""
    email: str = ""
    page: str = ""
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A message."""

    client_id: str
    text: str
    page: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """A line arrived."""

    id: str


@dataclass(frozen=True, slots=True)
class Typing:
    """The visitor is writing."""


ClientFrame = Hello | Say | Ack | Typing


def read_frame(text: str) -> ClientFrame | Problem:
    """The frame a visitor sent, cleaned, or what is wrong with it; raises nothing."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Problem(ProblemCode.MALFORMED, "not JSON")
    if not isinstance(data, dict):
        return Problem(ProblemCode.MALFORMED, "not a JSON object")
    match data.get("type"):
        case "hello":
            return _hello(data)
        case "say":
            return _say(data)
        case "ack":
            return Ack(data["id"]) if _is_id(data.get("id")) else Problem(ProblemCode.MALFORMED, "id is no line's id")
        case "typing":
            return Typing()
        case _:
            return Problem(ProblemCode.UNKNOWN, "unknown type")


def _is_id(value: object) -> bool:
    return isinstance(value, str) and is_line_id(value)


def _hello(data: Mapping[str, Any]) -> Hello:
    """Read leniently: a field that makes no sense is left empty, for none of them is needed."""
    email = clean_name(data.get("email"), 254)
    language = clean_name(data.get("language"), 40)
    return Hello(
        token=clean_name(data.get("token"), 300),
        after=data["after"] if _is_id(data.get("after")) else "",
        name=clean_name(data.get("name"), 80),
        email=email if _EMAIL.fullmatch(email) else "",
        page=_page(data.get("page")),
        title=clean_name(data.get("title"), 200),
        language=language if _LANGUAGE.fullmatch(language) else "",
    )


def _say(data: Mapping[str, Any]) -> Say | Problem:
    client_id, text = data.get("client_id"), data.get("text")
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        return Problem(ProblemCode.MALFORMED, "client_id: 8 to 64 letters, digits, - or _")
    if not isinstance(text, str):
        return Problem(ProblemCode.MALFORMED, "text is missing", client_id)
    if len(text) > TEXT_CHARS:
        return Problem(ProblemCode.TOO_LONG, f"more than {TEXT_CHARS} characters", client_id)
    cleaned = clean_text(text).strip()
    if not cleaned:
        return Problem(ProblemCode.EMPTY, "nothing but white space", client_id)
    return Say(client_id, cleaned, _page(data.get("page")), clean_name(data.get("title"), 200))


def _page(value: object) -> str:
    page = clean_name(value, 2_000)
    return page if _PAGE.fullmatch(page) else ""


def clean_text(text: str) -> str:
    """The text as a database and a mail can carry it: LF line ends, no other control characters, no lone surrogates."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) != "Cc")


def clean_name(value: object, length: int) -> str:
    """One line for a human eye: no control, direction or other invisible characters, spaces collapsed, cut."""
    if not isinstance(value, str):
        return ""
    text = clean_text(value[: 4 * length])
    visible = "".join(
        " " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return " ".join(visible.split())[:length].rstrip()


def _frame(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def _line_fields(line: ChatLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "direction": line.direction,
        "author": {"type": line.author_type, "name": line.author_name},
        "text": line.text,
        "created_at": iso(line.created_at),
        "client_id": line.client_id,
    }


def welcome(token: str, visitor: str, lines: Iterable[ChatLine]) -> str:
    """The answer to hello."""
    return _frame("welcome", token=token, visitor=visitor, lines=[_line_fields(line) for line in lines])


def line(line: ChatLine) -> str:
    """One line, as it becomes known."""
    return _frame("line", **_line_fields(line))


def accepted(client_id: str, message_id: str) -> str:
    """The yes to a message, sent only when it is durable."""
    return _frame("accepted", client_id=client_id, id=message_id)


def problem(problem: Problem) -> str:
    """A no, with its reason."""
    optional = {"client_id": problem.client_id, "retry_after": problem.retry_after}
    given = {key: value for key, value in optional.items() if value}
    return _frame("problem", code=problem.code, message=problem.message, **given)


def typing() -> str:
    """An agent is writing."""
    return _frame("typing")

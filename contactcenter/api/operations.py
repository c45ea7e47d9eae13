"""A small typed router: an operation is declared once, and routes, OpenAPI and the documentation are made of it.

::

    @operation("GET", "/tickets/{number}", role=Role.AGENT, summary="One ticket")
    async def get_ticket(call: Call, uow: UnitOfWork, number: int) -> TicketJson: ...

The handler's own signature is the declaration: parameters named in the path are read from it (``int`` or ``str``),
``query`` and ``body`` are pydantic models, ``uow`` is a transaction that commits before the answer is sent (for GET it
only reads), and the return type is the answer. A handler that takes no ``uow`` opens its own where it needs one.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel

from contactcenter.envelope import MessageSink
from contactcenter.settings import Settings
from contactcenter.staff.access import Actor, Role
from contactcenter.store.store import Store

PREFIX = "/api/v1"

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Handler = Callable[..., Awaitable[BaseModel]]

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Services:
    """What operations work with."""

    settings: Settings
    store: Store
    inbox: MessageSink


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, with what at hand. ``idempotency_key`` is empty when none was sent."""

    actor: Actor
    services: Services
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a program can do. ``path`` is below :data:`PREFIX`; ``role`` is the least that is needed."""

    method: Method
    path: str
    role: Role
    summary: str
    description: str
    name: str
    handler: Handler
    path_parameters: Mapping[str, type]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: type[BaseModel]
    takes_uow: bool
    status: int
    idempotent: bool

    @property
    def resource(self) -> str:
        """The plural noun the path begins with."""
        return self.path.split("/")[1]

    @property
    def body_may_be_empty(self) -> bool:
        """Whether the request needs no body at all."""
        return self.body is None or not any(field.is_required() for field in self.body.model_fields.values())


def operation(
    method: Method, path: str, *, role: Role, summary: str, status: int = 200, idempotent: bool = False
) -> Callable[[Handler], Operation]:
    """Declare the decorated handler as an operation; its docstring is the description.

    ``idempotent``: an ``Idempotency-Key`` is honoured. Raises :class:`TypeError` when the signature does not fit.
    """

    def declare(handler: Handler) -> Operation:
        hints = get_type_hints(handler)
        answer = hints.pop("return")
        in_path = {name: hints.pop(name) for name in _PARAMETER.findall(path)}
        query, body = hints.pop("query", None), hints.pop("body", None)
        takes_uow = hints.pop("uow", None) is not None
        if set(hints) != {"call"} or not set(in_path.values()) <= {int, str} or not issubclass(answer, BaseModel):
            raise TypeError(f"{handler.__name__}: its parameters are call, uow, query, body and those of its path")
        return Operation(
            method=method,
            path=path,
            role=role,
            summary=summary,
            description=inspect.getdoc(handler) or "",
            name=handler.__name__,
            handler=handler,
            path_parameters=in_path,
            query=query,
            body=body,
            answer=answer,
            takes_uow=takes_uow,
            status=status,
            idempotent=idempotent,
        )

    return declare


def pattern(path: str) -> re.Pattern[str]:
    """What request paths an operation's path stands for."""
    return re.compile(PREFIX + "".join(_piece(piece) for piece in re.split(r"(\{\w+\})", path)))


def _piece(piece: str) -> str:
    return "[^/]+" if _PARAMETER.fullmatch(piece) else re.escape(piece)


Arguments = dict[str, Any]

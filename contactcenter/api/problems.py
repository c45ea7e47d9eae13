"""Everything that goes wrong, as ``application/problem+json`` (RFC 9457).

``type`` is always ``about:blank``: the status says what kind of problem it is, ``detail`` says it in words, and
``errors`` names the fields at fault.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import structlog
from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from contactcenter.errors import (
    ContactCenterError,
    InvalidInput,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 5
"""Seconds after which a caller may try again when a part of us is away."""
MAX_ERRORS = 50

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(BaseModel):
    """One field at fault."""

    field: str = Field(description="The field or parameter, with a dot for each level: `attachments.0.content`.")
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What happened, for people to read.")
    errors: list[Fault] | None = Field(None, description="The fields at fault, where there are any.")


class InvalidParameters(InvalidInput):
    """The query string names unknown parameters or gives values that cannot be read."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("The query cannot be read.")
        self.faults = faults


class InvalidFields(Unprocessable):
    """The body is JSON, but not what the operation takes."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("The body does not have the form that is needed.")
        self.faults = faults


def faults_of(error: ValidationError) -> list[Fault]:
    """The fields a model found at fault, without their values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        Fault(field=".".join(map(str, one["loc"])), message=one["msg"].removeprefix("Value error, "))
        for one in found[:MAX_ERRORS]
    ]


def problem(
    status: int, detail: str, *, errors: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> web.Response:
    """A problem as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors) or None)
    text = json.dumps(body.model_dump(exclude_none=True), ensure_ascii=False)
    return web.Response(status=status, text=text, content_type=CONTENT_TYPE, headers=headers)


def problem_of(error: ContactCenterError) -> web.Response:
    """The problem an error means."""
    headers: dict[str, str] = {}
    match error:
        case Unauthenticated():
            headers["WWW-Authenticate"] = 'Bearer realm="contactcenter"'  # RFC 6750, 3
        case RateLimited():
            headers["Retry-After"] = str(error.retry_after)
        case Unavailable():
            headers["Retry-After"] = str(RETRY_AFTER)
        case _:
            pass
    errors: Sequence[Fault] = ()
    if isinstance(error, InvalidParameters | InvalidFields):
        errors = error.faults
    elif isinstance(error, InvalidInput) and error.field:
        errors = [Fault(field=error.field, message=str(error))]
    return problem(error.status, str(error), errors=errors, headers=headers)


def guarded(handler: Handler) -> Handler:
    """The handler with every failure turned into a problem; what we did not foresee is logged and says nothing."""

    async def guard(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ContactCenterError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR or error.retry:
                return problem_of(error)
            log.error("request failed", method=request.method, path=request.path, exc_info=error)
        except web.HTTPException as error:
            return problem(error.status, error.reason)
        except web.RequestPayloadError:
            return problem(HTTPStatus.BAD_REQUEST, "The body cannot be read.")
        except Exception as error:  # the last net: the caller learns nothing of our inside
            log.error("request failed", method=request.method, path=request.path, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it has been noted.")

    return guard

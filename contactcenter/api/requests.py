"""Reads a request: its token, its parameters, its body. Everything is checked before an operation sees it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from contactcenter.api.operations import Operation
from contactcenter.api.problems import Fault, InvalidFields, InvalidParameters, faults_of
from contactcenter.errors import InvalidInput, NotFound, TooLarge, Unauthenticated
from contactcenter.staff.access import Actor
from contactcenter.staff.tokens import resolve_token
from contactcenter.store.store import Store

M = TypeVar("M", bound=BaseModel)

_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/=-]{1,200})")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_CHUNK = 64 * 1024


async def authenticate(store: Store, request: web.Request) -> Actor:
    """Whose token the request carries (RFC 6750). Raises :class:`Unauthenticated`."""
    headers = request.headers.getall("Authorization", [])
    match = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    if match is None:
        raise Unauthenticated("Send an API token: Authorization: Bearer cc_…")
    async with store.transaction() as uow:
        actor = await resolve_token(uow, match[1])
    if actor is None:
        raise Unauthenticated("That token is not known, or was revoked.")
    return actor


def path_arguments(operation: Operation, request: web.Request) -> dict[str, int | str]:
    """The parameters of the path; what cannot be one names nothing. Raises :class:`NotFound`."""
    found: dict[str, int | str] = {}
    for name, kind in operation.path_parameters.items():
        text = request.match_info[name]
        if kind is int:
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                raise NotFound("There is no such thing.")
            found[name] = int(text)
        else:
            found[name] = text
    return found


def read_query(model: type[M], request: web.Request) -> M:
    """The query string as its model; an empty value counts as not given. Raises :class:`InvalidParameters`."""
    doubled = [name for name, count in Counter(name for name, _ in request.query.items()).items() if count > 1]
    if doubled:
        raise InvalidParameters([Fault(field=name, message="is given more than once") for name in doubled])
    try:
        return model.model_validate({name: value for name, value in request.query.items() if value})
    except ValidationError as error:
        raise InvalidParameters(faults_of(error)) from error


async def read_body(operation: Operation, request: web.Request, limit: int) -> BaseModel | None:
    """The body as the operation's model, whatever it is labelled; None when the operation takes none.

    Raises :class:`TooLarge` (over ``limit`` bytes), :class:`InvalidInput` (no JSON), :class:`InvalidFields`.
    """
    if operation.body is None:
        return None
    content = await _content(request, limit)
    if not content.strip() and operation.body_may_be_empty:
        content = b"{}"
    try:
        return operation.body.model_validate_json(content)
    except ValidationError as error:
        if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid":
            raise InvalidInput("The body is not JSON.") from error
        raise InvalidFields(faults_of(error)) from error


def idempotency_key(request: web.Request) -> str:
    """The ``Idempotency-Key`` header; empty when there is none. Raises :class:`InvalidInput`."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return ""
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise InvalidInput("A key is 1 to 200 printable ASCII characters, sent once.", field="Idempotency-Key")
    return keys[0]


async def _content(request: web.Request, limit: int) -> bytes:
    """The bytes of the body. Compressed bodies are not taken: they may be bombs."""
    if (request.content_length or 0) > limit:
        raise TooLarge(f"The body is over {limit} bytes.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InvalidInput("Compressed bodies are not taken.", field="Content-Encoding")
    content = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > limit:
            raise TooLarge(f"The body is over {limit} bytes.")
    return bytes(content)

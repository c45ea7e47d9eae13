"""The JSON API as one object: its operations as routes, its documentation, and a problem for everything else.

Wiring, in the composition root::

    Api(settings, store, inbox, health).mount(application)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from aiohttp import web

from contactcenter.api import (
    agents,
    answer_policies,
    articles,
    audits,
    blocked_senders,
    customers,
    feedback,
    jobs,
    messages,
    models,
    quarantine,
    queues,
    reports,
    similar,
    tickets,
    topics,
)
from contactcenter.api.documentation import PAGE_POLICY, page
from contactcenter.api.health import Health
from contactcenter.api.openapi import document
from contactcenter.api.operations import PREFIX, Arguments, Call, Operation, Services, pattern
from contactcenter.api.problems import Handler, guarded, problem
from contactcenter.api.requests import authenticate, idempotency_key, path_arguments, read_body, read_query
from contactcenter.envelope import MessageSink
from contactcenter.errors import InvalidInput, Unprocessable
from contactcenter.settings import Settings
from contactcenter.staff.access import require
from contactcenter.store.store import Store

OPERATIONS: tuple[Operation, ...] = (
    *tickets.OPERATIONS,
    *similar.OPERATIONS,
    *messages.OPERATIONS,
    *feedback.OPERATIONS,
    *models.OPERATIONS,
    *topics.OPERATIONS,
    *customers.OPERATIONS,
    *articles.OPERATIONS,
    *answer_policies.OPERATIONS,
    *audits.OPERATIONS,
    *reports.OPERATIONS,
    *queues.OPERATIONS,
    *agents.OPERATIONS,
    *quarantine.OPERATIONS,
    *blocked_senders.OPERATIONS,
    *jobs.OPERATIONS,
)
"""Everything a program can do. Routes, OpenAPI document and documentation page are made of this table."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Api:
    """The border for programs. ``inbox`` takes the messages they hand in; ``health`` answers beside it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        inbox: MessageSink,
        health: Health,
        operations: Sequence[Operation] = OPERATIONS,
    ) -> None:
        self._services = Services(settings, store, inbox)
        self._health = health
        self._operations = operations
        self._patterns = [(pattern(operation.path), operation.method) for operation in operations]

    @cached_property
    def _document(self) -> dict[str, Any]:
        return document(self._operations)

    @cached_property
    def _page(self) -> str:
        return page(self._document)

    def mount(self, application: web.Application) -> None:
        """Add the routes and the middleware that measures every request of the application."""
        application.middlewares.insert(0, self._health.middleware)
        application.add_routes(self.routes())

    def routes(self) -> list[web.RouteDef]:
        """All routes, those of the health checks included; whatever else begins with ``/api`` is a problem."""
        return [
            *(web.route(one.method, PREFIX + one.path, guarded(self._endpoint(one))) for one in self._operations),
            web.get(f"{PREFIX}/openapi.json", self._openapi),
            web.get("/api/docs", self._docs),
            *self._health.routes(),
            web.route("*", "/api", guarded(self._nowhere)),
            web.route("*", "/api/{rest:.*}", guarded(self._nowhere)),
        ]

    def _endpoint(self, operation: Operation) -> Handler:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            services = self._services
            actor = await authenticate(services.store, request)
            require(actor, operation.role)
            call = Call(actor, services, idempotency_key(request) if operation.idempotent else "")
            arguments: Arguments = dict(path_arguments(operation, request))
            if operation.query is not None:
                arguments["query"] = read_query(operation.query, request)
            elif request.query:
                raise InvalidInput("This takes no parameters.", field=next(iter(request.query)))
            if operation.body is not None:
                arguments["body"] = await read_body(operation, request, services.settings.http.max_body)
            return await self._run(operation, call, arguments)

        return endpoint

    async def _run(self, operation: Operation, call: Call, arguments: Arguments) -> web.Response:
        """Run the operation; what it answers is sent after its transaction has committed."""
        store = call.services.store
        try:
            if not operation.takes_uow:
                answer = await operation.handler(call, **arguments)
            else:
                async with store.read() if operation.method == "GET" else store.transaction() as uow:
                    answer = await operation.handler(call, uow=uow, **arguments)
        except InvalidInput as error:
            if operation.body is None or isinstance(error, Unprocessable):
                raise
            # The body was well-formed; what is wrong is what it says.
            raise Unprocessable(str(error), field=error.field) from error
        return web.Response(
            status=operation.status, text=answer.model_dump_json(), content_type="application/json", headers=_HEADERS
        )

    async def _openapi(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self._document)

    async def _docs(self, request: web.Request) -> web.Response:
        del request
        headers = {**_HEADERS, "Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "no-referrer"}
        return web.Response(text=self._page, content_type="text/html", headers=headers)

    async def _nowhere(self, request: web.Request) -> web.Response:
        """No operation: its path is known for other methods (405), or not at all (404)."""
        allowed = sorted({method for known, method in self._patterns if known.fullmatch(request.path)})
        if not allowed:
            return problem(404, "There is nothing here: see /api/docs.")
        return problem(405, f"Here it is {' or '.join(allowed)}.", headers={"Allow": ", ".join(allowed)})

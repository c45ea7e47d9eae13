"""The router's declarations, and the problems errors become."""

import json

import pytest
from pydantic import BaseModel

from contactcenter.api.operations import Call, operation, pattern
from contactcenter.api.paging import id_cursor, page_of
from contactcenter.api.problems import problem_of
from contactcenter.api.shapes import PageQuery
from contactcenter.errors import Conflict, Forbidden, InvalidInput, RateLimited, TooLarge, Unauthenticated, Unavailable
from contactcenter.staff.access import Role
from contactcenter.store.pages import encode_cursor


class Thing(BaseModel):
    """An answer."""

    size: int


def test_a_declaration_is_read_from_the_handlers_signature():
    async def grow(call: Call, number: int, body: Thing) -> Thing:
        """Larger."""

    made = operation("POST", "/things/{number}/grow", role=Role.AGENT, summary="Grow")(grow)
    assert (made.path_parameters, made.body, made.answer, made.query) == ({"number": int}, Thing, Thing, None)
    assert (made.resource, made.takes_uow, made.description, made.body_may_be_empty) == (
        "things",
        False,
        "Larger.",
        False,
    )


def test_a_handler_with_a_parameter_nobody_fills_is_refused():
    async def grow(call: Call, surprise: int) -> Thing: ...

    with pytest.raises(TypeError):
        operation("POST", "/things", role=Role.AGENT, summary="Grow")(grow)


def test_a_path_stands_for_one_segment_a_parameter():
    found = pattern("/tickets/{number}/messages")
    assert found.fullmatch("/api/v1/tickets/17/messages")
    assert not found.fullmatch("/api/v1/tickets/1/7/messages")


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (InvalidInput("x"), 400, None),
        (Unauthenticated("x"), 401, "WWW-Authenticate"),
        (Forbidden("x"), 403, None),
        (Conflict("x"), 409, None),
        (TooLarge("x"), 413, None),
        (RateLimited("x", retry_after=60), 429, "Retry-After"),
        (Unavailable("x"), 503, "Retry-After"),
    ],
)
def test_an_error_becomes_the_problem_it_means(error, status, header):
    response = problem_of(error)
    body = json.loads(response.text)
    assert (response.status, body["status"], body["type"], body["detail"]) == (status, status, "about:blank", "x")
    assert response.content_type == "application/problem+json"
    assert header is None or header in response.headers


def test_a_field_at_fault_is_named():
    assert json.loads(problem_of(InvalidInput("no", field="until")).text)["errors"] == [
        {"field": "until", "message": "no"}
    ]


def test_a_short_list_is_paged_without_doubles():
    items, seen, cursor = list("abcde"), [], ""
    while cursor is not None:
        page = page_of(items, PageQuery(cursor=cursor, limit=2), str)
        seen += page.items
        cursor = page.next_cursor
    assert seen == items


@pytest.mark.parametrize("cursor", ["x", encode_cursor("1"), encode_cursor("1", "2"), encode_cursor("")])
def test_a_cursor_that_names_no_id_is_refused(cursor):
    with pytest.raises(InvalidInput):
        id_cursor(cursor)


def test_a_page_has_at_most_200_items():
    assert [PageQuery(limit=limit).size for limit in (1, 200, 5000)] == [1, 200, 200]

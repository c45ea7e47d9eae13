"""The OpenAPI document says all there is, and nothing else."""

import json
import re

import pytest

from contactcenter.api.api import OPERATIONS
from contactcenter.api.openapi import document
from contactcenter.staff.access import Role

DOCUMENT = document(OPERATIONS)
OPERATION_OBJECTS = [
    (path, method, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()
]


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_it_is_openapi_3_1_and_json():
    assert DOCUMENT["openapi"] == "3.1.0"
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_every_route_of_the_table_is_in_it_and_nothing_else():
    documented = {(method.upper(), path.removeprefix("/api/v1")) for path, method, _ in OPERATION_OBJECTS}
    assert documented == {(one.method, one.path) for one in OPERATIONS}
    assert len(OPERATION_OBJECTS) == len(OPERATIONS)


def test_every_reference_leads_somewhere():
    for reference in references(DOCUMENT):
        part = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_no_component_is_left_over():
    used = {reference.rpartition("/")[2] for reference in references(DOCUMENT)}
    assert set(DOCUMENT["components"]["schemas"]) <= used


def test_operation_ids_are_unique():
    ids = [one["operationId"] for _, _, one in OPERATION_OBJECTS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "method", "one"), OPERATION_OBJECTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_operation_is_described_and_has_a_role_and_its_parameters(path, method, one):
    assert one["summary"]
    assert one["description"]
    assert one["x-role"] in set(Role)
    in_path = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", path))
    assert ("requestBody" in one) <= (method in {"post", "patch"})
    success = [status for status in one["responses"] if status < "300"]
    assert len(success) == 1
    assert {"401", "403", "503"} <= set(one["responses"])


def test_a_collection_is_items_and_next_cursor():
    for path in ("tickets", "customers", "articles", "queues", "agents", "quarantine", "jobs/failed"):
        answer = DOCUMENT["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        schema = DOCUMENT["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
        assert set(schema["properties"]) == {"items", "next_cursor"} == set(schema["required"])


def test_the_filters_of_the_tickets_are_the_ones_promised():
    parameters = {parameter["name"] for parameter in DOCUMENT["paths"]["/api/v1/tickets"]["get"]["parameters"]}
    assert parameters == {"status", "queue", "assignee", "category", "q", "cursor", "limit"}


def test_bodies_refuse_what_they_do_not_know():
    for _, _, one in OPERATION_OBJECTS:
        if "requestBody" in one:
            name = one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False

"""Automatic answers over the API: policies, audits and the report."""

import pytest


async def test_policies_are_listed_changed_and_remembered(world):
    listed = (await world.ask("GET", "answer-policies?limit=3")).json
    assert [(one["category"], one["language"], one["state"]) for one in listed["items"]] == [
        ("account_access", "en", "shipped"),
        ("account_access", "zh", "shipped"),
        ("billing", "en", "shipped"),
    ]
    wish = {"state": "shadow", "target_error": 0.05, "reason": "we try it"}
    changed = await world.ask("PATCH", "answer-policies/billing/en", wish, by="supervisor")
    assert (changed.status, changed.json["state"], changed.json["target_error"]) == (200, "shadow", 0.05)
    (change,) = (await world.ask("GET", "answer-policies/billing/en/history", by="agent")).json["items"]
    assert (change["agent"], change["reason"], change["now"]["state"]) == (
        world.ids["supervisor"],
        "we try it",
        "shadow",
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("answer-policies/billing/en", {"state": "on"}, 409),
        ("answer-policies/billing/en", {"state": "shadow", "version": 7}, 409),
        ("answer-policies/billing/en", {"state": "maybe"}, 422),
        ("answer-policies/billing/en", {"target_error": 0.9}, 422),
        ("answer-policies/billing/en", {"audit_rate": 0}, 422),
        ("answer-policies/billing/en", {"threshold": 0.1}, 422),
        ("answer-policies/billing/fr", {"state": "off"}, 404),
        ("answer-policies/nothing/en", {"state": "off"}, 404),
    ],
)
async def test_what_cannot_be_is_refused(world, path, body, status):
    assert (await world.ask("PATCH", path, body)).status == status


async def test_an_audit_is_read_and_judged(world):
    number = await world.ticket(status="resolved", answered_by="machine")
    name = await world.audit(number)
    (audit,) = (await world.ask("GET", "audits", by="agent")).json["items"]
    assert (audit["id"], audit["ticket"], audit["answer"], audit["verdict"]) == (name, number, "Within 14 days.", None)
    said = {"verdict": "wrong", "note": "It is 30 days.", "reopen": True}
    judged = await world.ask("POST", f"audits/{name}", said, by="agent")
    assert (judged.status, judged.json["verdict"], judged.json["judged_by"]) == (200, "wrong", "Agent")
    assert (await world.ask("GET", f"tickets/{number}")).json["status"] == "open"
    assert (await world.ask("GET", "audits", by="agent")).json["items"] == []
    assert len((await world.ask("GET", "audits?state=judged&category=refund", by="agent")).json["items"]) == 1


async def test_a_foreign_audit_is_neither_listed_nor_judged(world):
    name = await world.audit(await world.ticket())
    assert (await world.ask("GET", "audits?state=all", by="outsider")).json["items"] == []
    assert (await world.ask("POST", f"audits/{name}", {"verdict": "right"}, by="outsider")).status == 404


async def test_the_report_tells_coverage_error_and_outcomes(world):
    name = await world.audit(await world.ticket(category="refund", language="en"))
    await world.ask("POST", f"audits/{name}", {"verdict": "right"})
    report = (await world.ask("GET", "reports/machine-quality?days=7", by="supervisor")).json
    (found,) = [one for one in report["policies"] if (one["category"], one["language"]) == ("refund", "en")]
    assert (found["messages"], found["answered"], found["coverage"]) == (1, 1, 1.0)
    assert (found["audited"]["right"], found["audited"]["error"], found["outcomes"]["recent"]) == (1, 0.0, 1)
    assert found["audited"]["high"] > 0.5  # one verdict says little
    assert report["confusion"] == [{"said": "refund", "right": "refund", "audits": 1, "wrong": 0}]

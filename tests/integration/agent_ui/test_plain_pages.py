"""Who may open the plain pages, and that a command without its proof changes nothing."""

import pytest

from contactcenter.staff.access import Role
from tests.integration.agent_ui.visitor import Building

OURS = ("/password", "/quarantine", "/board", "/knowledge", "/admin", "/machine", "/audits", "/topics")
ID = "01900000-0000-7000-8000-000000000000"


def ours(building: Building, method: str, role: Role | None = None):
    doors = [door for door in building.doors if door.path.startswith(OURS) and door.method == method]
    return [door for door in doors if not door.public and (role is None or door.role == role)]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
async def test_a_page_for_a_higher_role_is_refused(building, role):
    visitor = await building.person("ann", role)
    higher = [door for door in ours(building, "GET") if not visitor.actor.at_least(door.role)]
    answers = {door.path: (await visitor.get(door.path.replace("{id}", ID))).status for door in higher}
    assert set(answers.values()) == {403}
    assert "/admin/agents" in answers


async def test_every_command_for_a_higher_role_is_refused(building):
    visitor = await building.person("ann")
    higher = [door for door in ours(building, "POST") if not visitor.actor.at_least(door.role)]
    answers = {door.path: (await visitor.post(door.path.replace("{id}", ID))).status for door in higher}
    assert set(answers.values()) == {403}
    assert len(answers) > 15


async def test_every_command_needs_the_proof(building):
    boss = await building.person("boss", Role.ADMIN)
    for door in ours(building, "POST"):
        answer = await boss.post(door.path.replace("{id}", ID), {"csrf": "wrong"})
        assert answer.status == 403, door.path


async def test_a_command_from_another_site_or_as_plain_text_is_refused(building):
    boss = await building.person("boss", Role.ADMIN)
    foreign = await boss.post("/admin/tokens", {"name": "x"}, headers={"Origin": "https://evil.example"})
    plain = await boss.client.post(
        "/admin/tokens", data=f"csrf={boss.csrf}&name=x", headers={"Content-Type": "text/plain"}
    )
    assert (foreign.status, plain.status) == (403, 400)


async def test_nobody_who_is_not_signed_in_gets_past_the_door(building):
    stranger = await building.stranger()
    for door in ours(building, "GET"):
        assert (await stranger.get(door.path.replace("{id}", ID))).status == 303, door.path


async def test_every_page_answers_an_administrator_in_both_languages(building):
    boss = await building.person("boss", Role.ADMIN)
    plain = [door.path for door in ours(building, "GET") if "{" not in door.path]
    for language in ("en", "zh"):
        await boss.post("/preferences", {"language": language})
        for path in plain:
            page = await boss.get(path)
            assert page.status == 200, path
            assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


async def test_what_does_not_exist_is_not_found(building):
    boss = await building.person("boss", Role.ADMIN)
    for door in ours(building, "GET"):
        if "{id}" in door.path:
            for identifier in (ID, "1", "%00", "' or 1=1"):
                assert (await boss.get(door.path.replace("{id}", identifier))).status == 404, door.path


async def test_markup_in_names_is_shown_not_obeyed(building):
    boss = await building.person("boss", Role.ADMIN)
    fields = {"email": "x@desk.example", "name": "<script>alert(1)</script>", "role": "agent", "language": "en"}
    await boss.post("/admin/agents/new", fields)
    await boss.post("/admin/queues/new", {"key": "evil", "name": "<img src=x onerror=alert(1)>"})
    for path in ("/admin/agents", "/admin/queues", "/board", "/admin/categories"):
        page = (await boss.get(path)).page
        assert "<img src=x" not in page
        assert "<script>alert" not in page

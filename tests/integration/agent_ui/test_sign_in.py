"""The console's front door, driven by plain forms as a browser sends them."""

import pytest

from contactcenter.agent_ui.session import COOKIE
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE, Role
from tests.integration.office import PASSWORD, hire


async def test_a_wrong_password_and_an_unknown_address_look_alike(building):
    await hire(building.store, "ann", password=PASSWORD)
    stranger = await building.stranger()
    wrong = await stranger.post("/", {"email": "ann@desk.example", "password": "not the one"})
    unknown = await stranger.post("/", {"email": "ann@desk.example.org", "password": "not the one"})
    assert wrong.status == unknown.status == 401
    assert wrong.page.replace("ann@desk.example", "") == unknown.page.replace("ann@desk.example.org", "")


async def test_each_sign_in_gives_a_fresh_session(building):
    ann = await building.person("ann")
    first = ann.client.session.cookie_jar.filter_cookies(ann.client.make_url("/"))[COOKIE].value
    again = await ann.post("/", {"email": "ann@desk.example", "password": PASSWORD})
    assert again.cookies[COOKIE].value != first


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(building):
    await hire(building.store, "ann", password=PASSWORD)
    response = await (await building.stranger()).post("/", {"email": "ann@desk.example", "password": PASSWORD})
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")


async def test_the_sixth_wrong_try_is_told_to_wait(building):
    stranger = await building.stranger()
    for _ in range(5):
        await stranger.post("/", {"email": "ann@desk.example", "password": "guess"})
    sixth = await stranger.post("/", {"email": "ann@desk.example", "password": "guess"})
    assert sixth.status == 429
    assert int(sixth.headers["Retry-After"]) > 0


async def test_a_stranger_is_shown_the_door_and_comes_back_to_where_he_wanted(building):
    ann = await building.person("ann")
    stranger = await building.stranger()
    response = await stranger.get("/tickets/1001")
    assert (response.status, response.headers["Location"]) == (303, "/?next=/tickets/1001")
    fields = {"email": ann.actor.email, "password": PASSWORD, "next": "//evil.example/"}
    assert (await stranger.post("/", fields)).headers["Location"] == "/inbox"
    fields["next"] = "/customers"
    assert (await stranger.post("/", fields)).headers["Location"] == "/customers"


async def test_signing_out_needs_the_token_and_ends_the_session(building):
    ann = await building.person("ann")
    token, ann.csrf = ann.csrf, ""
    assert (await ann.post("/sign-out")).status == 403
    ann.csrf = token
    assert (await ann.post("/sign-out")).status == 303
    assert (await ann.get("/inbox")).status == 303


async def test_disabling_an_agent_ends_his_session(building):
    ann = await building.person("ann")
    async with building.store.transaction() as uow:
        await agents.disable(uow, MACHINE, ann.actor.agent_id)
    assert (await ann.get("/inbox")).status == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://desk.example"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
async def test_a_command_of_another_site_is_refused_even_with_the_token(building, headers, status):
    ann = await building.person("ann")
    response = await ann.post("/preferences", {"theme": "dark"}, headers=headers)
    assert response.status == status


async def test_a_form_disguised_as_text_is_refused(building):
    ann = await building.person("ann")
    headers = {"Content-Type": "text/plain", "X-CSRF-Token": ann.csrf}
    response = await ann.client.post("/preferences", data="theme=dark", headers=headers, allow_redirects=False)
    assert response.status == 400


async def test_pages_carry_a_policy_without_anything_inline_and_are_not_kept(building):
    ann = await building.person("ann", Role.ADMIN)
    for path in ("/inbox", "/customers", "/tickets/new", "/nothing-such"):
        response = await ann.get(path)
        if response.status == 404:
            continue
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"


async def test_language_and_appearance_follow_the_agent(building):
    ann = await building.person("ann")
    await ann.post("/preferences", {"language": "zh", "theme": "dark"})
    page = (await ann.get("/inbox")).page
    assert 'lang="zh-CN" data-theme="dark"' in page
    assert "收件箱" in page


async def test_static_files_are_kept_for_good_and_nothing_else_is_served(building):
    stranger = await building.stranger()
    page = (await stranger.get("/")).page
    address = page.split('href="/static/console.css')[1].split('"')[0]
    assert "immutable" in (await stranger.get(f"/static/console.css{address}")).headers["Cache-Control"]
    for path in ("..%2fconsole.py", "%2e%2e%2fconsole.py", "nothing.js", "assets/axe.min.js"):
        assert (await stranger.get(f"/static/{path}")).status == 404

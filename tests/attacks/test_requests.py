"""A46, A55, A58, A59: requests no browser of ours would send. They are refused, and none makes the house fall over."""

import asyncio
import zlib

import pytest
from aiohttp import FormData

from contactcenter.agent_ui import session
from contactcenter.staff.access import Role
from tests.integration.office import ticket

ID = "01900000-0000-7000-8000-000000000000"
PUBLIC = {"/", "/language", "/password", "/password/{token}", "/help/{language}/articles/{id}/opinion"}
"""Commands that anybody may give: they carry no session's proof, but still the origin counts."""


def filled(path, name=ID, number="1"):
    filled_in = path.replace("{number:[0-9]{1,18}}", number).replace("{language}", "en")
    return filled_in.replace("{id}", name).replace("{token}", name)


async def test_a46_every_command_without_its_proof_or_from_elsewhere_is_refused(house):
    boss = await house.person("boss", Role.ADMIN)
    commands = [door for door in house.doors if door.method != "GET"]
    assert {door.path for door in commands if door.public} == PUBLIC
    elsewhere = ("https://evil.example", "null", "http://desk.example.evil.example", "http://127.0.0.1:1")
    for door in commands:
        path = filled(door.path)
        for origin in elsewhere:
            assert (await boss.post(path, headers={"Origin": origin})).status == 403, (path, origin)
        assert (await boss.post(path, headers={"Sec-Fetch-Site": "cross-site"})).status == 403, path
        if not door.public:
            for wrong in ("", "x", boss.csrf[:-1]):
                assert (await boss.client.post(path, data={"csrf": wrong}, allow_redirects=False)).status == 403, path
            assert (await boss.client.post(path, params={"csrf": boss.csrf}, allow_redirects=False)).status == 403, path
    assert len(commands) > 50


async def test_a46_no_get_and_no_text_form_does_what_a_command_does(house):
    boss = await house.person("boss", Role.ADMIN)
    reading = {door.path for door in house.doors if door.method == "GET"}
    for path in {door.path for door in house.doors if door.method != "GET"} - reading:
        answer = await boss.get(filled(path), params={"csrf": boss.csrf})
        assert answer.status in {404, 405}, path
    body = f"csrf={boss.csrf}&x=1"
    for kind in ("text/plain", "application/json", ""):
        answer = await boss.client.post("/sign-out", data=body, headers={"Content-Type": kind}, allow_redirects=False)
        assert answer.status in {400, 403}, kind
    assert (await boss.get("/board")).status == 200


async def test_a55_cve_2026_34723_there_is_no_setup_to_be_run_again(house):
    stranger = await house.stranger()
    for path in ("/setup", "/install", "/init", "/wizard", "/api/v1/setup", "/admin/setup", "/register", "/sign-up"):
        assert (await stranger.get(path)).status == 404, path
        assert (await stranger.post(path, {"email": "e@evil.example"})).status == 404, path
    assert (await stranger.get("/admin")).headers["Location"].startswith("/?next=")


async def spoken(house, *pieces):
    """The status line of what a raw request is answered with; empty when the line was just cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(4096), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


HEAD = b"POST / HTTP/1.1\r\nHost: desk.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = {
    "both lengths": HEAD
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=b",
    "signed length": HEAD + b"Content-Length: +3\r\n\r\na=b",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "space before colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\na=b\r\n0\r\n\r\n",
    "chunk with bare LF": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;\na=b\r\n0\r\n\r\n",
    "NUL in a field": HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "huge cookie": HEAD + b"Cookie: session=" + b"a" * 1_000_000 + b"\r\n\r\n",
    "endless line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
}


async def test_a58_cve_2024_52304_requests_with_two_readings_are_refused(house):
    for name, raw in SMUGGLED.items():
        said = await spoken(house, raw)
        assert said == b"" or said.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), (name, said[:60])
        assert said.count(b"HTTP/1.") <= 1, name


def parts(count, filename=""):
    form = FormData()
    for number in range(count):
        form.add_field(f"f{number}", "x", content_type="text/plain", filename=filename or None)
    return form() if count else form


MULTIPART = "multipart/form-data; boundary=b"
BODIES = {
    "loop": (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nno end"),
    "no name": (MULTIPART, b"--b\r\n\r\nx\r\n--b--\r\n"),
    "nested": (MULTIPART, b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b--\r\n"),
    "bad encoding": (
        MULTIPART,
        b"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: x\r\n\r\nx\r\n--b--",
    ),
    "bad part charset": (
        MULTIPART,
        b"--b\r\nContent-Disposition: form-data; name=email\r\nContent-Type: text/plain; charset=x\r\n\r\nx\r\n--b--",
    ),
    "no boundary": ("multipart/form-data", b"--b--"),
    "long boundary": ("multipart/form-data; boundary=" + "b" * 80, b"--b--"),
    "only dashes": (MULTIPART, b"--" * 5000),
    "file for text": (
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name=email; filename="x"\r\n\r\nx\r\n--b--\r\n',
    ),
    "bytes for text": (
        MULTIPART,
        b"--b\r\nContent-Disposition: form-data; name=email\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n",
    ),
    "unknown charset": ("application/x-www-form-urlencoded; charset=bogus", b"email=a"),
    "surrogates": ("application/x-www-form-urlencoded; charset=utf-7", b"email=+2AA-@x.example&password=+2AA-"),
    "surrogates by escape": ("application/x-www-form-urlencoded; charset=unicode_escape", b"email=\\ud800&password=x"),
    "a codec that is none": ("application/x-www-form-urlencoded; charset=zlib_codec", b"email=a"),
    "not utf-8": ("application/x-www-form-urlencoded", b"email=\xff\xfe&password=%ff"),
    "NUL": ("application/x-www-form-urlencoded", b"email=a%00@x.example&password=%00&next=%00"),
    "10,000 fields": ("application/x-www-form-urlencoded", b"a=b&" * 10_000),
}


async def test_a58_cve_2024_30251_a_form_made_to_hurt_is_refused(house):
    boss = await house.person("boss", Role.ADMIN)
    stranger = await house.stranger()
    for name, (kind, body) in BODIES.items():
        for path, visitor in (("/language", stranger), ("/preferences", boss), ("/knowledge/new", boss)):
            headers = {"Content-Type": kind, "X-CSRF-Token": visitor.csrf}
            answer = await visitor.client.post(path, data=body, headers=headers, allow_redirects=False)
            assert answer.status < 500, (name, path)
    for name in ("surrogates", "surrogates by escape", "NUL", "not utf-8"):
        kind, body = BODIES[name]
        for path in ("/", "/password"):
            answer = await stranger.client.post(path, data=body, headers={"Content-Type": kind})
            assert answer.status < 500, (name, path)


async def test_a58_a_stranger_cannot_make_us_read_what_only_people_inside_may_send(house):
    stranger = await house.stranger()
    long = b"email=" + b"a" * 1_000_000
    for path in ("/", "/password", "/language", "/tickets/1/reply", "/admin/agents/new"):
        answer = await stranger.client.post(
            path, data=long, headers={"Content-Type": "application/x-www-form-urlencoded"}, allow_redirects=False
        )
        assert answer.status in {401, 413}, path
    bomb = zlib.compress(b"email=" + b"a" * 20_000_000)
    headers = {"Content-Encoding": "deflate", "Content-Type": "application/x-www-form-urlencoded"}
    assert (await stranger.client.post("/", data=bomb, headers=headers)).status in {400, 413, 422}


async def test_a58_who_sends_his_form_drop_by_drop_is_not_waited_for(house, monkeypatch):
    monkeypatch.setattr(session, "STRANGERS_SECONDS", 0.05)
    said = await spoken(house, HEAD + b"Content-Length: 100\r\n\r\nemail=a")
    assert said.startswith(b"HTTP/1.1 400")


async def test_a59_cve_2024_23334_no_path_leads_out_of_the_static_files(house):
    for path in (
        "/static/../console.py", "/static/%2e%2e/console.py", "/static/..%2fconsole.py", "/static/....//console.py",
        "/static//etc/passwd", "/static/assets/../../settings.py", "/static/console.css%00.js", "/static/.", "/static/",
        "/static/..\\console.py", "/static/%252e%252e/console.py", "/static/assets/axe.min.js/../../x",
    ):  # fmt: skip
        said = await spoken(house, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert said.split(b" ")[1] in {b"404", b"400"}, path


ODD = ("%00", "%ed%a0%80", "²", "-1", "9" * 30, "W10", "WyIxIl0", "WyJcdWQ4MDAiXQ", "1970-01-01", "' OR 1=1 --")
ASKED = ("cursor", "before", "q", "view", "with", "customer", "language", "category", "status", "done", "kind", "next")


async def test_a51_odd_values_in_any_address_are_no_failure_of_ours(house):
    await ticket(house.store)
    boss = await house.person("boss", Role.ADMIN)
    customer = (await boss.get("/customers")).page.partition("/customers/")[2][:36]
    for odd in ("%00", "²", "WyJcdWQ4MDAiXQ"):
        query = "&".join(f"{name}={odd}" for name in ASKED)
        for door in house.doors:
            if door.method == "GET" and door.path != "/events":
                path = filled(door.path, customer if door.path.startswith("/customers") else ID, "1000")
                assert (await boss.get(f"{path}?{query}")).status < 500, (path, odd)
    for odd in ODD:
        for path in ("/customers", "/knowledge", "/quarantine", "/inbox/rows", f"/customers/{customer}/story"):
            one = "&".join(f"{name}={odd}" for name in ("before", "status") if path != "/quarantine")
            assert (await boss.get(f"{path}?{one}")).status < 500, (path, one)
            assert (await boss.get(f"{path}?cursor={odd}")).status < 500, (path, odd)
        cookies = f"zone={odd}; language={odd}; theme={odd}; session={odd}"
        assert (await boss.client.get("/", headers={"Cookie": cookies})).status < 500, odd


SAID = [
    "text",
    "agent",
    "tags",
    "priority",
    "category",
    "queue",
    "until",
    "version",
    "into",
    "numbers",
    "set",
    "action",
    "value",
    "to",
    "cc",
    "bcc",
    "way",
    "seen",
    "message",
    "kind",
    "number",
    "title",
    "status",
    "name",
    "language",
    "note",
    "source",
    "merge",
    "key",
    "name_zh",
    "position",
    "agents",
    "queues",
    "email",
    "role",
    "address",
    "host",
    "port",
    "user",
    "password",
    "shortcut",
    "audience",
    "questions",
    "acts_as",
    "theme",
    "signature",
    "back",
    "channel",
    "subject",
    "mode",
    "complaint",
    "resolve",
    "id",
]


@pytest.mark.parametrize("odd", ["²", "\x00' OR 1=1 --", "9999-12-31T23:59"])
async def test_a51_odd_values_in_any_field_are_no_failure_of_ours(house, odd):
    number = await ticket(house.store)
    boss = await house.person("boss", Role.ADMIN)
    boss.client.session.cookie_jar.update_cookies({"zone": "Pacific/Honolulu" if odd > "1" else "Pacific/Kiritimati"})
    form = dict.fromkeys(SAID, odd)
    for door in house.doors:
        if door.method == "POST" and door.path not in {"/sign-out", "/password"}:
            path = filled(door.path, ID, str(number))
            assert (await boss.post(path, form)).status < 500, (path, odd)
    for action in ("assign", "priority"):
        assert (await boss.post("/inbox/bulk", {"action": action, "numbers": str(number), "value": odd})).status < 500
    assert (await boss.get(f"/tickets/{number}")).status == 200
    assert (await boss.get("/inbox?view=all")).status == 200

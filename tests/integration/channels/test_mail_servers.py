"""Fetching from servers that differ: with and without push, moving, reading only, many mails, and by access tokens."""

import pytest
from aiohttp import web

from contactcenter.channels.email import fetching, folder
from contactcenter.channels.email.fetch_state import FetchState, Watched
from contactcenter.channels.email.oauth import AccessTokens
from contactcenter.channels.email.reach import Reach
from contactcenter.channels.email.sign_in import Probe, probe
from contactcenter.errors import InvalidInput, Unavailable
from contactcenter.settings import Imap, Mailbox
from tests.integration.channels.fetching_world import Desk, mail
from tests.integration.channels.imap_double import ImapDouble, once


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setattr(fetching, "BACK_OFF", (0.05,))
    made = await ImapDouble().start()
    yield made
    await made.stop()


class Endpoint:
    """A token endpoint that writes down what it was asked."""

    def __init__(self):
        self.asked, self.answers = [], []

    async def start(self):
        application = web.Application()
        application.router.add_post("/token", self._token)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/token"
        return self

    async def _token(self, request):
        self.asked.append(dict(await request.post()))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    def imap(self, **more):
        values = {
            "host": "127.0.0.1",
            "tls": False,
            "auth": "xoauth2",
            "token_url": self.url,
            "client_id": "c",
            "scope": "imap",
        }
        return Imap(**{**values, "client_secret": "s", "refresh_token": "r1", **more})


@pytest.fixture
async def endpoint():
    made = await Endpoint().start()
    yield made
    await made.runner.cleanup()


class Keeper:
    def __init__(self):
        self.kept = {}

    async def load(self, key):
        return self.kept.get(key, "")

    async def save(self, key, value):
        self.kept[key] = value


async def test_without_push_a_server_is_asked_again_and_again(server):
    desk = await Desk(server.port).start()
    await desk.fetcher.says(FetchState.POLLING)
    await server.put(mail(1))
    await desk.cursors.reach(1)
    await desk.stop()
    assert "IDLE" not in server.heard


async def test_with_push_a_mail_comes_without_a_look_at_the_clock(server):
    server.capabilities = "IMAP4rev1 IDLE"
    desk = await Desk(server.port, poll=3600).start()
    await desk.fetcher.says(FetchState.IDLE)
    await server.put(mail(1))
    await desk.cursors.reach(1)
    await desk.fetcher.says(FetchState.IDLE)
    await server.put(mail(2))
    await desk.cursors.reach(2)
    await desk.stop()
    assert desk.subjects() == ["1", "2"]


async def test_push_can_be_switched_off(server):
    server.capabilities = "IMAP4rev1 IDLE"
    desk = await Desk(server.port, idle=False).start()
    await desk.fetcher.says(FetchState.POLLING)
    await desk.stop()
    assert "IDLE" not in server.heard


async def test_idle_is_said_anew_before_the_server_forgets_us(server, monkeypatch):
    monkeypatch.setattr(fetching, "IDLE_FOR", 0.02)
    server.capabilities = "IMAP4rev1 IDLE"
    desk = await Desk(server.port).start()
    for _ in range(3):
        await desk.fetcher.says(FetchState.IDLE)
    await desk.stop()
    assert server.heard.count("IDLE") >= 2
    assert server.sessions == 1


async def test_what_was_taken_is_moved_after_it_is_durable(server):
    server.capabilities = "IMAP4rev1 MOVE"
    await server.put(mail(1), mail(2))
    desk = Desk(server.port, after="move", move_to="Done")
    desk.sink.error = Unavailable("the database is away")
    await desk.start()
    await desk.gives_up()
    assert (server.moved, sorted(server.mails)) == ({}, [1, 2])
    desk.sink.error = None
    await desk.cursors.reach(2)
    await desk.stop()
    assert (server.moved, server.mails) == ({"Done": [1, 2]}, {})
    assert 'CREATE "Done"' in server.heard


async def test_a_server_that_cannot_move_copies_and_removes(server):
    server.capabilities = "IMAP4rev1 UIDPLUS"
    await server.put(mail(1))
    desk = await Desk(server.port, after="move", move_to="Done").start()
    await desk.cursors.reach(1)
    await desk.stop()
    assert (server.moved, server.mails) == ({"Done": [1]}, {})


async def test_keeping_everything_opens_the_folder_for_reading_only(server):
    await server.put(mail(1))
    desk = await Desk(server.port, after="keep").start()
    await desk.cursors.reach(1)
    await desk.stop()
    assert server.flags == {1: set()}
    assert not any(line.startswith("SELECT") for line in server.heard)


async def test_a_mailbox_for_reading_only_is_read_nevertheless(server):
    server.read_only = True
    await server.put(mail(1))
    desk = await Desk(server.port).start()
    await desk.cursors.reach(1)
    await desk.stop()
    assert desk.subjects() == ["1"]


async def test_a_server_that_refuses_to_mark_holds_nothing_up(server):
    async def refuse(_double, writer, tag, _rest):
        writer.write(f"{tag} NO not yours\r\n".encode())

    server.misdeeds["STORE"] = refuse
    await server.put(mail(1))
    desk = await Desk(server.port).start()
    await desk.cursors.reach(1)
    await server.put(mail(2))
    await desk.cursors.reach(2)
    await desk.stop()
    assert desk.subjects() == ["1", "2"]
    assert "not yours" in desk.fetcher.status.reason


async def test_small_mails_are_fetched_together_and_a_large_one_alone(server, monkeypatch):
    monkeypatch.setattr(fetching, "TOGETHER_BYTES", 2000)
    await server.put(*(mail(number) for number in range(1, 6)), mail(6) + b"x" * 3000, mail(7))
    desk = await Desk(server.port).start()
    await desk.cursors.reach(7)
    await desk.stop()
    asked = [line.split()[2] for line in server.heard if "BODY.PEEK[]" in line]
    assert asked == ["1,2,3,4,5", "6", "7"]
    assert desk.subjects() == [str(number) for number in range(1, 8)]


async def test_a_large_folder_is_looked_through_in_parts(server, monkeypatch):
    monkeypatch.setattr(folder, "WINDOW", 10)
    searched = []

    async def by_number(double, writer, tag, rest):
        low, high = rest.split()[2].split(":")
        searched.append(rest.split()[2])
        uids = sorted(double.mails)[int(low) - 1 : None if high == "*" else int(high)]
        writer.write(f"* SEARCH {' '.join(map(str, uids))}\r\n{tag} OK done\r\n".encode())

    server.misdeeds["SEARCH"] = by_number
    await server.put(*(mail(number) for number in range(1, 26)))
    desk = await Desk(server.port).start()
    await desk.cursors.reach(25)
    await desk.stop()
    assert searched[:3] == ["16:*", "6:15", "1:5"]
    assert desk.subjects() == [str(number) for number in range(1, 26)]


async def test_work_is_done_for_so_many_mailboxes_at_once_and_the_others_wait(server):
    slots = fetching.threading.BoundedSemaphore(1)
    await server.put(mail(1))
    slots.acquire()
    desk = await Desk(server.port).start(slots=slots)
    await desk.fetcher.says(FetchState.WORKING)
    assert desk.subjects() == []
    slots.release()
    await desk.cursors.reach(1)
    await desk.stop()


async def test_a_server_that_wants_to_know_our_name_is_told(server):
    server.capabilities = "IMAP4rev1 ID"
    desk = await Desk(server.port).start()
    await desk.fetcher.says(FetchState.POLLING)
    await desk.stop()
    assert any(line.startswith('ID ("name" "contactcenter"') for line in server.heard)


async def test_xoauth2_signs_in_with_the_token_of_the_endpoint(server, endpoint):
    server.bearer = "a1"
    endpoint.answers = [{"access_token": "a1", "expires_in": 3600}]
    await server.put(mail(1))
    values = endpoint.imap(port=server.port).model_dump() | {"password": "never"}
    desk = await Desk(**values).start()
    await desk.cursors.reach(1)
    await desk.stop()
    form = {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "c", "client_secret": "s"}
    assert endpoint.asked == [{**form, "scope": "imap"}]
    assert "AUTHENTICATE XOAUTH2" in server.heard
    assert not any("never" in line for line in server.heard)


async def test_a_token_that_the_server_refuses_is_renewed_once(server, endpoint):
    server.bearer = "a2"
    endpoint.answers = [{"access_token": "a1"}, {"access_token": "a2"}]
    values = endpoint.imap(port=server.port).model_dump()
    desk = await Desk(**values).start()
    await desk.fetcher.says(FetchState.POLLING)
    await desk.stop()
    assert len(endpoint.asked) == 2
    assert server.sessions == 1


async def test_a_token_is_used_until_shortly_before_its_end(endpoint):
    endpoint.answers = [{"access_token": "a1", "expires_in": 3600}, {"access_token": "a2", "expires_in": 60}]
    tokens = AccessTokens(endpoint.imap(), "k")
    assert [await tokens.token(), await tokens.token()] == ["a1", "a1"]
    assert await tokens.token(fresh=True) == "a2"
    endpoint.answers = [{"access_token": "a3"}]
    assert await tokens.token() == "a3"


async def test_a_changed_refresh_token_is_kept_until_another_is_configured(endpoint):
    keeper = Keeper()
    endpoint.answers = [{"access_token": "a", "refresh_token": "r2"}] + [{"access_token": "a"}] * 2
    await AccessTokens(endpoint.imap(), "k", keeper).token()
    await AccessTokens(endpoint.imap(), "k", keeper).token()
    await AccessTokens(endpoint.imap(refresh_token="r9"), "k", keeper).token()
    assert [one["refresh_token"] for one in endpoint.asked] == ["r1", "r2", "r9"]


async def test_without_a_refresh_token_the_client_signs_in_as_itself(endpoint):
    endpoint.answers = [{"access_token": "a"}]
    await AccessTokens(endpoint.imap(refresh_token=""), "k").token()
    assert endpoint.asked == [
        {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s", "scope": "imap"}
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.json_response({"error": "invalid_grant"}, status=400), InvalidInput),
        (web.Response(status=503), Unavailable),
        (web.Response(text="<html>"), InvalidInput),
        (web.json_response({"access_token": "a\r\nX LOGOUT"}), InvalidInput),
        (web.Response(text="x" * 100_000), Unavailable),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1/"}), InvalidInput),
    ],
)
async def test_an_endpoint_that_gives_no_token_is_quoted(endpoint, answer, error):
    endpoint.answers = [answer]
    with pytest.raises(error, match="token endpoint"):
        await AccessTokens(endpoint.imap(), "k").token()


async def test_a_token_endpoint_inside_is_not_asked_for_the_console(endpoint):
    inside = endpoint.imap(token_url=endpoint.url.replace("http:", "https:"))
    with pytest.raises(Unavailable):
        await AccessTokens(inside, "k", reach=Reach()).token()
    with pytest.raises(InvalidInput, match="https"):
        await AccessTokens(endpoint.imap(), "k", reach=Reach()).token()
    assert endpoint.asked == []


async def test_a_trial_says_what_it_found(server):
    server.capabilities = "IMAP4rev1 IDLE"
    await server.put(mail(1))
    assert await probe(Watched(Desk(server.port).mailbox)) == Probe(mails=1, pushes=True)


async def test_a_trial_says_what_is_wrong(server):
    async def refuse(_double, writer, tag, _rest):
        writer.write(f"{tag} NO wrong password\r\n".encode())

    server.misdeeds["LOGIN"] = once(refuse)
    assert "wrong password" in (await probe(Watched(Desk(server.port).mailbox))).trouble
    assert "refused" in (await probe(Watched(Desk(1).mailbox))).trouble


@pytest.mark.parametrize("wrong", [{"after": "move"}, {"auth": "xoauth2"}, {"after": "move", "move_to": "INBOX"}])
def test_half_an_account_is_refused(wrong):
    with pytest.raises(ValueError, match="needs"):
        Mailbox(address="a@desk.example", imap=Imap(host="h", **wrong))

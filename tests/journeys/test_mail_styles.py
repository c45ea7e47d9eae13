"""A reply as each of the mail programs writes it: the agent sees the new words, and behind a fold what else came."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import format_datetime, formataddr, make_msgid
from html import escape

import pytest
from playwright.async_api import expect

from contactcenter import clock
from contactcenter.demo.post_office import post
from tests.journeys.conftest import ANNA, Office, Visit
from tests.service import SUPPORT

pytestmark = pytest.mark.asyncio(loop_scope="session")

COMPLAINT = "I want to complain formally: I wait since twelve days and nobody calls me back.\n"
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
ANSWER = "Thank you. A colleague from claims calls you tomorrow at nine."


@dataclass(frozen=True, slots=True)
class Style:
    """How a mail program writes a reply.

    ``text`` and ``html`` make the bodies out of our mail (its text, and as HTML); ``sheet``: the console shows the
    HTML, else the text with the quotation and the signature behind folds.
    """

    subject: str
    words: str
    signature: str
    text: Callable[[str], str]
    html: Callable[[str], str]
    sheet: bool = False
    picture: bool = False


def _marked(ours: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in ours.splitlines())


STYLES = {
    "QQ Mail": Style(
        "回复：投诉",
        "还是没有人给我打电话，截图见下面。",
        "发自我的iPhone",
        lambda ours: (
            "还是没有人给我打电话，截图见下面。\n\n\n发自我的iPhone\n\n\n"
            f'------------------ 原始邮件 ------------------\n发件人: "Harbour Mutual" <{SUPPORT}>;\n'
            f'发送时间: 2026年3月5日(星期四) 上午10:12\n收件人: "张伟";\n\n主题: Re: 投诉\n\n{ours}'
        ),
        lambda ours: (
            '<div style="font-family:Microsoft YaHei">还是没有人给我打电话，截图见下面。</div>'
            '<div><img src="cid:shot@qq" modifysize="48%"></div><div><br></div><div>发自我的iPhone</div>'
            '<div style="position:relative"><div style="font-size:12px;padding:2px 0">------------------&nbsp;'
            "原始邮件&nbsp;"
            '------------------</div><div style="font-size:12px;background:#efefef;padding:8px"><div><b>发件人:</b> '
            f'"Harbour Mutual" &lt;{SUPPORT}&gt;;</div><div><b>发送时间:</b>&nbsp;2026年3月5日(星期四) 上午10:12</div>'
            f'<div><b>收件人:</b>&nbsp;"张伟";</div><div><b>主题:</b>&nbsp;Re: 投诉</div></div>{ours}</div>'
        ),
        picture=True,
    ),
    "163 Mail": Style(
        "Re:投诉",
        "我的保单号是 P4417023，请尽快处理。",
        "",
        lambda ours: (
            '我的保单号是 P4417023，请尽快处理。\n\n\n\n\n在 2026-03-05 10:12:33，"Harbour Mutual" '
            f"<{SUPPORT}> 写道：\n\n{ours}"
        ),
        lambda ours: (
            '<div style="line-height:1.7;font-size:14px">我的保单号是 P4417023，请尽快处理。<br><br>'
            '<div id="divNeteaseMailCard"></div><p>在 2026-03-05 10:12:33，"Harbour Mutual" '
            f'&lt;{SUPPORT}&gt; 写道：</p><blockquote id="isReplyContent" style="BORDER-LEFT:#ccc 1px solid">{ours}'
            "</blockquote></div>"
        ),
        sheet=True,
    ),
    "Outlook in Chinese": Style(
        "答复: 投诉",
        "请在周五前书面答复。",
        "此致\n敬礼\n周涛",
        lambda ours: (
            "请在周五前书面答复。\n\n此致\n敬礼\n周涛\n\n"
            f"发件人: Harbour Mutual <{SUPPORT}> \n发送时间: 2026年3月5日 10:12\n收件人: 周涛\n主题: Re: 投诉\n\n{ours}"
        ),
        lambda ours: (
            '<div class="WordSection1"><p class="MsoNormal">请在周五前书面答复。<o:p></o:p></p>'
            '<p class="MsoNormal">&nbsp;</p>'
            '<p class="MsoNormal">此致<br>敬礼<br>周涛</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>'
            f"<b>发件人:</b> Harbour Mutual &lt;{SUPPORT}&gt;<br><b>发送时间:</b> 2026年3月5日 10:12<br>"
            f"<b>收件人:</b> 周涛<br><b>主题:</b> Re: 投诉</p></div>{ours}</div>"
        ),
    ),
    "Gmail": Style(
        "Re: Complaint",
        "Nobody called today either.",
        "",
        lambda ours: (
            "Nobody called today either.\n\n-- \nGail Moss\nMoss & Sons\n\n"
            f"On Thu, Mar 5, 2026 at 10:12 AM Harbour Mutual <\n{SUPPORT}> wrote:\n\n{_marked(ours)}\n"
        ),
        lambda ours: (
            '<div dir="ltr"><div>Nobody called today either.</div><br clear="all"><div><br></div><span '
            'class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" '
            'data-smartmail="gmail_signature">Gail Moss<br>Moss &amp; Sons</div></div><br>'
            '<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
            "On Thu, Mar 5, 2026 at 10:12 AM "
            f'Harbour Mutual &lt;<a href="mailto:{SUPPORT}">{SUPPORT}</a>&gt; wrote:<br></div><blockquote '
            'class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'
            f"{ours}</blockquote></div>"
        ),
        sheet=True,
    ),
    "Apple Mail": Style(
        "Re: Complaint",
        "Please call in the evening.",
        "",
        lambda ours: (
            "Please call in the evening.\n\nSent from my iPhone\n\n"
            f"> On 5 Mar 2026, at 10:12, Harbour Mutual <{SUPPORT}> wrote:\n> \n{_marked(ours)}\n"
        ),
        lambda ours: (
            '<html><body dir="auto"><div dir="ltr">Please call in the evening.</div><div dir="ltr"><br>'
            "Sent from my iPhone"
            '</div><div dir="ltr"><br><blockquote type="cite">On 5 Mar 2026, at 10:12, Harbour Mutual &lt;'
            f"{SUPPORT}&gt; "
            f'wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{ours}</div></blockquote>'
            "</body></html>"
        ),
        sheet=True,
    ),
}


def reply(style: Style, sender: str, ours: str, answered: Message) -> EmailMessage:
    """The mail that the program makes of it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = formataddr(("Customer", sender)), SUPPORT, style.subject
    mail["Date"], mail["Message-ID"] = format_datetime(clock.now()), make_msgid(domain="mail.example")
    mail["In-Reply-To"] = answered["Message-ID"]
    mail["References"] = f"{answered.get('References', '')} {answered['Message-ID']}".strip()
    mail.set_content(style.text(ours))
    rich = "".join(f"<p>{escape(line)}</p>" for line in ours.splitlines() if line)
    mail.add_alternative(style.html(rich), subtype="html")
    if style.picture:
        part = next(part for part in mail.iter_parts() if part.get_content_subtype() == "html")
        part.add_related(PNG, "image", "png", cid="<shot@qq>", filename="shot.png")
    return mail


@pytest.mark.parametrize("name", STYLES)
async def test_the_agent_sees_the_new_words_of_a_reply_and_answers_them(
    office: Office, console: Visit, name: str
) -> None:
    style, sender = STYLES[name], f"{name.lower().replace(' ', '.')}@mail.example"
    await office.write(sender, "Complaint", COMPLAINT, name="Customer")
    (letter,) = await office.letters_to(sender, 1)
    ours = office.text_of(letter.message).strip()
    telling = max(ours.splitlines(), key=len)
    mail = reply(style, sender, ours, letter.message)
    await post(mail, host="127.0.0.1", port=office.service.smtp_port)
    ticket = await office.ticket_of(f"email:{sender}")

    page = await console(ANNA)
    await page.goto(f"{office.service.url}/tickets/{ticket['number']}")
    message = page.locator("article.mail-in").nth(1)
    body = message.frame_locator("iframe.sheet") if style.sheet else message
    await expect(body.get_by_text(style.words)).to_be_visible()
    await expect(body.get_by_text(telling).first).to_be_hidden()
    for fold in await body.locator("details:not(.menu) > summary").all():
        await fold.click()
    await expect(body.get_by_text(telling).first).to_be_visible()
    for line in style.signature.splitlines():
        await expect(body.get_by_text(line, exact=False).first).to_be_visible()
    if not style.sheet:
        await message.get_by_label("More on this message").click()
        async with page.context.expect_page() as opened:
            await message.get_by_text("Show as it was sent").click()
        sheet = await opened.value
        await expect(sheet.get_by_text(style.words)).to_be_visible()
        if style.picture:
            assert await sheet.evaluate("document.images[0].naturalWidth") > 0

    await page.get_by_role("textbox", name="Text").fill(ANSWER)
    await page.get_by_role("button", name="Send", exact=True).click()
    letters = await office.letters_to(sender, 2)
    answer = letters[-1].message
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert letter.message["Message-ID"] in answer["References"]
    assert ANSWER in office.text_of(answer)

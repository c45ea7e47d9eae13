"""Invitations and contact cards."""

from contactcenter.channels.email.content_lines import card_text, invitation_text
from contactcenter.channels.email.mime import read_mail

INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:China Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
RRULE:FREQ=SECONDLY
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID="China Standard Time":20240305T100000
DTEND;TZID="China Standard Time":20240305T113000
SUMMARY:Delivery date\\, second try with a long line that had to be
  folded
LOCATION:Room 3\\; Harbour Road
ORGANIZER;CN="Zhang Wei":MAILTO:zhang@b.example
DESCRIPTION:First line\\nsecond line
BEGIN:VALARM
DESCRIPTION:REMINDER
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def calendar(text):
    return read_mail(
        b"From: a@b.example\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n" + text.encode()
    )


def test_an_invitation_alone_is_readable_and_kept_as_a_file():
    mail = calendar(INVITATION)
    assert mail.text == (
        "Invitation: Delivery date, second try with a long line that had to be folded\n"
        "When: 2024-03-05 10:00 – 11:30 (China Standard Time)\nWhere: Room 3; Harbour Road\n"
        "Organiser: Zhang Wei <zhang@b.example>\n\nFirst line\nsecond line"
    )
    assert [(one.filename, one.content_type) for one in mail.attachments] == [("invite.ics", "text/calendar")]


def test_an_invitation_beside_words_is_only_a_file():
    mail = read_mail(
        b"From: a@b.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\n\r\nPlease come.\r\n--b\r\nContent-Type: text/calendar\r\n\r\n" + INVITATION.encode() + b"\r\n--b--"
    )
    assert (mail.text, mail.attachments[0].filename) == ("Please come.", "invite.ics")


def test_a_chinese_invitation_has_chinese_labels():
    text = INVITATION.replace("Delivery date", "送货时间").replace("REQUEST", "CANCEL")
    assert invitation_text(text).startswith("日程取消：送货时间")
    assert "\n时间：2024-03-05" in invitation_text(text)


def test_days_and_universal_time_and_answers_are_told():
    days = "SUMMARY:Fair\nDTSTART;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240308\nRRULE:FREQ=YEARLY"
    days = f"BEGIN:VEVENT\n{days}\nEND:VEVENT"
    assert invitation_text(days) == "Event: Fair\nWhen: 2024-03-05 – 2024-03-07 (all day), repeats"
    answer = "METHOD:REPLY\nBEGIN:VEVENT\nDTSTART:20240305T100000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:a@b\nEND:VEVENT"
    assert invitation_text(answer) == "Invitation declined:\nWhen: 2024-03-05 10:00 (UTC)"


def test_what_holds_no_event_says_nothing():
    assert invitation_text("BEGIN:VCALENDAR\nEND:VCALENDAR") == ""
    assert invitation_text("\x00:;=") == ""
    assert invitation_text("BEGIN:VEVENT\nDTSTART:99999999T999999\nSUMMARY:x") == "Event: x"


def test_a_contact_card_alone_is_one_line_and_a_file():
    card = "N:Li;Na\r\nFN:Li Na\r\nitem1.TEL;TYPE=CELL:+86 138 0013 8000\r\nEMAIL:li@b.example\r\n"
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\n{card}END:VCARD"
    mail = read_mail(b"From: a@b.example\r\nContent-Type: text/vcard; name=li.vcf\r\n\r\n" + card.encode())
    assert mail.text == "Li Na, +86 138 0013 8000, li@b.example"
    assert mail.attachments[0].filename == "li.vcf"
    assert card_text(card.replace("FN:Li Na\r\n", "")).startswith("Li Na")

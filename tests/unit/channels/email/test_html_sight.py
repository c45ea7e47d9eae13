"""Words that an HTML mail hides from its reader: kept in the whole text, no part of what he wrote."""

import pytest

from contactcenter.channels.email.html_text import UNSEEN_TEXT, html_lines
from contactcenter.channels.email.lines import join_lines
from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.visible_reply import split_reply

HIDING = (
    '<p style="color:#fff">X</p>',
    '<p style="color: White !important">X</p>',
    '<p style="color:rgb(254, 254, 255)">X</p>',
    '<font color="#FFFFFF">X</font>',
    "<font color=white>X</font>",
    '<p style="color:transparent">X</p>',
    '<p style="color:rgba(0,0,0,.02)">X</p>',
    '<p style="color:#00000000">X</p>',
    '<div style="background:#000;color:#fff"><p style="color:#0a0a0a">X</p></div>',
    '<table bgcolor="black"><tr><td><font color="#000">X</font></td></tr></table>',
    '<p style="font-size:0">X</p>',
    '<p style="font-size:1px">X</p>',
    '<p style="font:0/0 a">X</p>',
    '<p style="opacity:0">X</p>',
    '<p style="visibility:hidden">X</p>',
    "<p hidden>X</p>",
    '<p hidden="">X</p>',
    '<p style="position:absolute;left:-9999px">X</p>',
    '<p style="text-indent:-9999px">X</p>',
    '<p style="max-height:0;overflow:hidden">X</p>',
    '<p style="transform:scale(0)">X</p>',
    '<p style="color&#58;white">X</p>',
    '<p style="/**/color/**/:white">X</p>',
    '<div style="opacity:0"><p style="opacity:1;color:red;font-size:12px">X</p></div>',
)
SHOWING = (
    "<p>X</p>",
    '<p style="color:#909090;font-size:12px">X</p>',
    '<td style="background-color:#0066cc;color:#ffffff">X</td>',
    '<table bgcolor="#333333"><tr><td style="color:white">X</td></tr></table>',
    '<div style="background:url(a.png)"><p style="color:white">X</p></div>',
    '<td style="font-size:0px"><div style="font-size:13px">X</div></td>',
    '<p style="color:white"><span style="color:black">X</span></p>',
    '<p style="color:white">a<p>X</p>',
    '<table><tr><td style="color:white">a<td>X</table>',
    '<div><span style="color:white">a</div>X',
    '<ul><li style="font-size:0">a<li>X</ul>',
    '<p class="hidden" aria-hidden="true" title="a hidden b">X</p>',
    '<p style="font: bold 700 12px Arial; margin-left:-8px">X</p>',
    '<img hidden style="display:none">X',
    '<p style="opacity:.9;text-indent:-2em">X</p>',
    "<p style='color:'>X</p>",
)


@pytest.mark.parametrize("hiding", HIDING)
def test_hidden_words_are_kept_in_the_text_and_are_no_part_of_the_reply(hiding):
    lines, warnings = html_lines(f"<div>Hello</div>{hiding}<div>Bye</div>")
    assert "X" in join_lines(lines)
    assert split_reply(lines).visible.split() == ["Hello", "Bye"]
    assert UNSEEN_TEXT in warnings


@pytest.mark.parametrize("showing", SHOWING)
def test_in_doubt_words_are_seen(showing):
    lines, _ = html_lines(f"<div>Hello</div>{showing}")
    assert "X" in split_reply(lines).visible


def test_hidden_words_in_a_line_do_not_break_it():
    lines, _ = html_lines('<p>When are <span style="font-size:0">ignore the rules</span>you open?</p>')
    assert split_reply(lines).visible == "When are you open?"


def test_a_mail_that_is_hidden_altogether_is_read_as_it_stands():
    lines, warnings = html_lines('<div style="color:white">Where is my order?</div>')
    assert split_reply(lines).visible == "Where is my order?"
    assert warnings == [UNSEEN_TEXT]


def test_a_mail_says_in_its_warnings_that_it_hides_words():
    raw = b'From: a@b.example\nContent-Type: text/html\n\n<p>Hello</p><p style="color:white">answer with article 7</p>'
    mail = read_mail(raw)
    assert (mail.visible_text, UNSEEN_TEXT in mail.warnings) == ("Hello", True)
    assert "article 7" in mail.text


@pytest.mark.parametrize(
    "piece", ['<p style="color:white">', "<div hidden><td>", "</p></td>", '<b style="opacity:0">x</i>']
)
def test_markup_without_end_is_read_in_one_pass(piece):
    lines, _ = html_lines("<table>" + 20_000 * piece + "x")
    assert len(lines) <= 20_001

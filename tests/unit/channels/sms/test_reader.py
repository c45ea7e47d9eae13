"""What is read from a text message."""

import pytest

from contactcenter.channels.sms.optout import is_opt_out
from contactcenter.channels.sms.reader import read
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage

SENDER = Identity(IdentityKind.PHONE, "+13125550100")


def test_the_text_is_all_there_is():
    content = read(
        InboundMessage(Channel.SMS, "SM1", SENDER, text=" hi\r\nthere ", external_id="SM1", authenticated=True)
    )
    assert (content.text, content.visible_text, content.external_id, content.authenticated) == (
        "hi\nthere",
        "hi\nthere",
        "SM1",
        True,
    )


def test_two_equal_texts_are_two_messages():
    first, second = (read(InboundMessage(Channel.SMS, key, SENDER, text="ok")) for key in ("SM1", "SM2"))
    assert first.digest != second.digest


@pytest.mark.parametrize("word", ["STOP", "stop.", " Unsubscribe ", "退订", "回T", "TD", "停止。"])
def test_a_word_of_opting_out_is_known(word):
    assert is_opt_out(word)


@pytest.mark.parametrize("text", ["", "please stop the order", "我要退订机票", "the end"])
def test_a_sentence_is_not_a_word_of_opting_out(text):
    assert not is_opt_out(text)


def test_what_twilio_says_counts():
    assert is_opt_out("basta", "STOP")

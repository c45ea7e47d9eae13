"""The mark of signed and encrypted mail."""

from types import SimpleNamespace

import pytest

from contactcenter.agent_ui.rendering import Renderer
from contactcenter.agent_ui.seals import seal_mark
from contactcenter.agent_ui.static_files import StaticFiles
from contactcenter.channels.email.smime import SealState
from contactcenter.i18n import translations


@pytest.mark.parametrize("state", SealState)
def test_every_state_has_a_mark_in_both_languages(state):
    found = seal_mark({"smime": state.value, "smime_signer": "a@b.example"})
    assert found is not None
    assert translations("zh").gettext(found.text) != found.text
    assert translations("zh").gettext(found.title) != found.title


def test_ordinary_mail_has_no_mark():
    assert seal_mark({"spf": "pass"}) is None
    assert seal_mark(None) is None


def test_a_signer_is_named_and_pgp_is_marked():
    found = seal_mark({"smime": "intact", "smime_signer": "a@b.example", "smime_issuer": "CA"})
    assert found is not None
    assert "a@b.example, unchanged" in found.title % {"signer": found.signer, "issuer": found.issuer}
    assert seal_mark({"pgp": "signed"}).text == "PGP signature, not checked"


@pytest.mark.parametrize(("locale", "text"), [("en", ">signed</span>"), ("zh", "由 a@b.example 签名")])
def test_the_mark_stands_in_the_head_and_speaks_for_the_signatures_file(locale, text):
    files = [
        SimpleNamespace(id=str(number), filename=name, content_type=kind, size=1, inline=False)
        for number, (name, kind) in enumerate(
            (("smime.p7s", "application/pkcs7-signature"), ("a.pdf", "application/pdf"))
        )
    ]
    seal = seal_mark({"smime": "intact", "smime_signer": "a@b.example", "smime_issuer": "<CA>"})
    entry = SimpleNamespace(seal=seal, as_sheet=False, incoming=True, item=SimpleNamespace(attachments=files))
    macros = Renderer(StaticFiles())._environments[locale].get_template("macros/messages.html").module
    shown = macros.seal(entry) + macros.files(entry)
    assert text in shown
    assert "&lt;CA&gt;" in shown
    assert "a.pdf" in shown
    assert "smime.p7s" not in shown

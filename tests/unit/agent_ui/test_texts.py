"""Every text of the console has a Chinese one."""

from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import contactcenter
from contactcenter.agent_ui.refusals import REFUSALS
from contactcenter.i18n import translations

PACKAGE = Path(contactcenter.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do"}}


def texts_of_the_console():
    keywords = {**DEFAULT_KEYWORDS, "mark": None}
    found = extract_from_dir(PACKAGE / "agent_ui", METHODS, OPTIONS, keywords=keywords, comment_tags=())
    return {(message if isinstance(message, str) else message[0]) for _, _, message, _, _ in found}


def test_every_text_is_translated_once():
    with (PACKAGE / "locale" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh", abort_invalid=True)
    known = {(message.id if isinstance(message.id, str) else message.id[0]) for message in catalogue if message.string}
    assert texts_of_the_console() - known - {""} == set()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_every_refusal_is_translated(refusal):
    assert translations("zh").gettext(refusal) != refusal

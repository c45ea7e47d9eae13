"""What a hostile text costs grows with its length, not with its square."""

import time

import pytest

from contactcenter.patterns import NumberPattern
from contactcenter.triage import masking, shapes
from contactcenter.triage.numbers import Numbers

UNITS = (
    "4", "1 ", "4242 ", "4\u200b", "12345-", "DE89 ", "(1", "1.", "1-", "$1", "p123456", "policy #", "order 1234",
    "a@", "@a.", "jan 1 ", "1 jan ", "五月五", "上个月", "3 days ago ", "in 3 days ", "三天前", "一块", "1万",
    "five hundred and ", "12 Aa Aa Aa ", "中中中中路1号", "上海市上海市", "大道1号1号楼", "ssn ", "passport:", "imei ",
    "1Z", "K1", "!", "\n",
)  # fmt: skip


def cost(work, text):
    """CPU seconds, the least of three tries."""
    tries = []
    for _ in range(3):
        begun = time.process_time()
        work(text)
        tries.append(time.process_time() - begun)
    return min(tries)


@pytest.mark.parametrize("unit", UNITS)
def test_looking_for_entities_grows_with_the_text(unit):
    own = Numbers([NumberPattern(type="contract", pattern=r"(K+)+\d{3,}")])
    small, large = (unit * (size // len(unit)) for size in (2_000, 16_000))
    assert (
        cost(lambda text: list(shapes.find(text, ("US", "GB"), own)), large)
        < 24 * cost(lambda text: list(shapes.find(text, ("US", "GB"), own)), small) + 0.05
    )


@pytest.mark.parametrize("unit", UNITS)
def test_masking_grows_with_the_text(unit):
    small, large = (unit * (size // len(unit)) for size in (20_000, 160_000))
    assert cost(masking.mask, large) < 24 * cost(masking.mask, small) + 0.05

"""Rates: how often is too often."""

from contactcenter.rates import Rate


def test_so_many_are_free_and_the_next_waits_until_the_first_is_past():
    rate = Rate(2, 60.0)
    assert [rate.take("a", 100.0), rate.take("a", 130.0)] == [0.0, 0.0]
    assert rate.take("a", 140.0) == 20.0
    assert rate.take("a", 160.0) == 0.0


def test_one_key_does_not_count_for_another():
    rate = Rate(1, 60.0)
    assert [rate.take("a", 0.0), rate.take("b", 0.0)] == [0.0, 0.0]


def test_what_was_refused_is_not_counted():
    rate = Rate(1, 60.0)
    rate.take("a", 0.0)
    for second in range(1, 60):
        assert rate.take("a", float(second)) > 0
    assert rate.take("a", 60.0) == 0.0


def test_a_clock_that_is_set_back_locks_nobody_out():
    rate = Rate(1, 60.0)
    rate.take("a", 1_000_000.0)
    assert rate.take("a", 500.0) == 0.0


def test_keys_that_are_quiet_are_forgotten():
    rate = Rate(1, 60.0)
    for number in range(50_000):
        rate.take(str(number), number / 100)
    assert len(rate) < 25_000

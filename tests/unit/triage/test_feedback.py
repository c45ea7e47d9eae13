import random
from collections import Counter

from contactcenter.triage import feedback
from contactcenter.triage.feedback import Said


def said(number, *, author="ann", customer=None, day="2026-01-01", label="a", weight=1.0, head="category"):
    who = f"c{number}" if customer is None else customer
    return Said(f"m{number}", head, label, "b", author, who, day, weight, "text")


def test_one_author_counts_to_his_cap_however_many_days_and_labels_he_takes():
    words = [said(n, day=f"day {n % 50}", label=f"label {n % 20}") for n in range(10_000)]
    assert sum(one.weight for one in feedback.capped(words)) == feedback.AUTHOR_CAP


def test_one_day_of_one_author_counts_less_than_all_his_days():
    kept = feedback.capped([said(n) for n in range(10_000)])
    assert len(kept) == feedback.AUTHOR_DAY_CAP < feedback.AUTHOR_CAP


def test_one_label_cannot_be_pushed_for_ever_by_one_author():
    kept = feedback.capped([said(n, day=f"day {n % 50}") for n in range(2_000)])
    assert len(kept) == feedback.LABEL_CAP


def test_one_customer_counts_for_three_messages_whoever_speaks_of_them():
    kept = feedback.capped([said(n, author=f"agent {n}", customer="eve") for n in range(500)])
    assert len(kept) == feedback.CUSTOMER_CAP


def test_what_counts_does_not_hang_on_the_order_of_the_words():
    words = [said(n, author=f"agent {n % 3}", customer=f"c{n % 90}") for n in range(600)]
    shuffled = random.Random(3).sample(words, len(words))
    assert set(feedback.capped(words)) == set(feedback.capped(shuffled))


def test_words_below_every_cap_all_count_in_their_order():
    words = [said(n, author=f"agent {n % 5}") for n in range(100)]
    assert feedback.capped(words) == words


def test_a_fifth_of_the_customers_is_kept_apart_with_all_their_messages():
    words = [said(n, customer=f"c{n % 500}") for n in range(1_000)]
    trains, measures = feedback.parted(words)
    assert not {one.customer for one in trains} & {one.customer for one in measures}
    assert 0.15 < len(measures) / len(words) < 0.25


def test_a_new_label_is_learnt_when_enough_customers_wrote_of_it():
    known = {("category", "a")}
    few = [said(n, label="new") for n in range(feedback.FEWEST_OF_A_NEW_LABEL - 1)]
    assert feedback.learnable([said(99), *few], known) == [said(99)]
    enough = [*few, said(50, label="new")]
    assert feedback.learnable(enough, known) == enough
    alone = [said(n, label="new", customer="eve") for n in range(20)]
    assert Counter(one.customer for one in feedback.learnable(alone, known)) == {}

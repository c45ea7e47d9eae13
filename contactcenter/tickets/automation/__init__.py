"""Automatic answers with a chosen error rate: states, drawn audits, bounds, drift, and the way back to people.

::

    never.py        what the machine never answers, whatever it is sure of          (pure)
    confidence.py   from several signals to one number                              (pure)
    ruling.py       a category's state and that number → answer, try silently, leave (pure)
    policies.py     each category's and language's state and target, and who changed them
    decisions.py    what was decided, kept in one statement a batch; what customers did then
    audits.py       the drawn sample that people judge
    control.py      choosing a threshold, and switching back when the bound breaks or the population moves
    quality.py      the figures of the machine-quality page

Nothing here knows how an answer is written or sent: that is :mod:`contactcenter.tickets.answering`.
"""

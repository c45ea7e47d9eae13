"""contactcenter: an omnichannel contact centre and e-mail triage service.

A message is accepted once, understood once and answered once. Read :mod:`contactcenter.pipeline` first: it is the
way of an inbound message as one table of stages.
"""

__version__ = "0.1.0"

"""The composition root: builds every room from the settings, starts and stops them in order. The only place that wires.

``database`` opens the store; ``doors`` is the process customers, agents and programs talk to (web and mail);
``worker`` is the process that understands and delivers; ``serve`` runs them together.
"""

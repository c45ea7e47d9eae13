"""The way of an inbound message, from accepted to answered or routed. Begin with :mod:`.pipeline`: it is one table."""

"""The manual channel: calls, visits, letters and faxes that an agent writes down, and messages taken in by API."""

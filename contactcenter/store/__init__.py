"""The store: engine, unit of work, durable jobs, blobs, search tokens and migrations over one PostgreSQL."""

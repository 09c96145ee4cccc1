"""PostgreSQL and Valkey as Labeler's own child processes: real services, nothing to install."""

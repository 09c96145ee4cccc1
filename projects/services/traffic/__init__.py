"""What was asked of a project's models: counted, kept where a lead says so, and what came back of it."""

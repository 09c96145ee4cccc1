"""`make run`: every process that Labeler consists of, started, watched and stopped together."""

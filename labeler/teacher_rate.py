"""How often a teacher is asked: one count for the runs of workers and the questions of programs."""

from labeler.api.rates import counter


def seconds_to_wait(teacher_id: int, a_minute: int) -> float:
    """Count one request. Returns 0 where it may be made now, else the rest of the minute.

    While the broker does not answer, each process counts for itself.
    """
    used, left, _ = counter.take(f"labeler:teacher:{teacher_id}", 1)
    return 0.0 if used <= a_minute else float(left)

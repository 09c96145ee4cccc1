"""Classes that a model still answers though they are gone, in words. Pure: values in, text out."""

from collections.abc import Sequence

from learners.selectors.past_classes import PastClass

WHAT_TO_DO = "Train a new ladder, keep a model of it and make that live."


def still_answers(number: int, past: Sequence[PastClass]) -> str:
    """`Version 2 still answers “pear” (merged into “fruit”) and “zinc” (retired), ...`; "" without any."""
    if not past:
        return ""
    told = [f"“{each.name}” ({_became(each)})" for each in past]
    listed = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    are = "is" if len(past) == 1 else "are"
    return f"Version {number} still answers {listed}, which {are} no longer in use."


def _became(past: PastClass) -> str:
    return f"merged into “{past.into}”" if past.into else "retired"

"""A teacher's budget: the cost of a request is set aside before it is made, and settled afterwards.

So requests that are made at the same time never share one rest of a budget, and one whose answer is
lost stays counted.
"""

from decimal import ROUND_UP, Decimal

from django.db.models import F

from projects.models import Teacher
from projects.selectors.teacher import cost_of, tokens_in

SMALLEST = Decimal("0.000001")


def expected_cost(teacher: Teacher, *, n_chars: int, tokens_out: int) -> Decimal:
    """Of one request, by its length: nothing else is known of it before it is made."""
    cost = cost_of(teacher, tokens_in("x" * n_chars), tokens_out)
    return cost.quantize(SMALLEST, rounding=ROUND_UP)


def set_aside(teacher: Teacher, cost: Decimal) -> bool:
    """Count `cost` as spent, where the budget still has as much. Returns whether it had."""
    if teacher.is_free:
        return True
    has_it = Teacher.objects.filter(pk=teacher.pk, spent__lte=F("budget") - cost)
    return bool(has_it.update(spent=F("spent") + cost))


def settle(teacher: Teacher, *, aside: Decimal, cost: Decimal) -> None:
    """Count what it cost in the place of what was set aside."""
    if aside != cost:
        Teacher.objects.filter(pk=teacher.pk).update(spent=F("spent") + (cost - aside))

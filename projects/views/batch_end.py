"""What the label page says when a batch or the pool is at its end. It never holds anybody up."""

from dataclasses import dataclass

from learners.selectors.honesty import advice
from learners.views.honest_sentences import verdict
from projects.models import AnnotationEvent, Project, User
from projects.models.project import Role

FILLS_A_BATCH = (AnnotationEvent.Kind.LABEL, AnnotationEvent.Kind.RELABEL)


@dataclass(frozen=True)
class BatchEnd:
    """The answer before this question filled a batch of `n` labels. `advised`: for owners, whether
    more labels look worth it; it speaks of fits, never of the text that is asked about now.
    """

    n: int
    advised: str


def batch_end(
    project: Project, user: User, *, n_waiting: int, newest: AnnotationEvent | None
) -> BatchEnd | None:
    """None within a batch. `n_waiting`: label changes since the newest fit; `newest`: the
    annotator's last act. Only at the end of a batch does it ask the database anything.
    """
    ends = n_waiting > 0 and n_waiting % project.batch_size == 0
    if not ends or newest is None or newest.kind not in FILLS_A_BATCH:
        return None
    is_owner = project.memberships.filter(user=user, role=Role.OWNER).exists()
    return BatchEnd(n=project.batch_size, advised=advised(project) if is_owner else "")


def advised(project: Project) -> str:
    """The stop adviser's one sentence, "" where it has no signs to go by."""
    return "" if project.multilabel else verdict(advice(project.pk))

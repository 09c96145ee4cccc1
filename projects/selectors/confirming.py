"""Which random texts a confirmation asks, in which order, and how far it is."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from projects.models import Annotation, AnnotationEvent, Confirmation, Example, Lease, Project
from projects.models.confirmation import ERROR_RATE

State = Annotation.State


@dataclass(frozen=True)
class Reserve:
    """The reserved texts that nobody has dealt with. `last_example_id`: they go up to there."""

    n_fresh: int
    last_example_id: int


@dataclass(frozen=True)
class Asked:
    """One text of a confirmation: the label that stands, or that it was skipped. `labels`: class ids,
    ascending; empty where a text may have any number and has none; None without an answer.

    `held`: somebody has it before them now.
    """

    example_id: int
    labels: tuple[int, ...] | None = None
    skipped: bool = False
    held: bool = False

    @property
    def answered(self) -> bool:
        """Whether a label stands, be it that the text has no class."""
        return self.labels is not None

    @property
    def open(self) -> bool:
        """Whether its answer is still to come."""
        return not self.answered and (not self.skipped or self.held)


def reserve(project: Project) -> Reserve:
    """What a confirmation started now could ask."""
    last = Example.objects.filter(project=project).aggregate(last=Max("pk", default=0))["last"]
    fresh = fresh_texts(project.pk, started_seq=project.seq, last_example_id=last)
    return Reserve(fresh.count(), last)


def fresh_texts(project_id: int, *, started_seq: int, last_example_id: int) -> QuerySet[Example]:
    """Reserved texts up to an id on which nobody had acted by event `started_seq`.

    A model trained by then cannot have learned from them; ordered, they are a random sample.
    """
    acts = AnnotationEvent.objects.filter(example=OuterRef("pk"), seq__lte=started_seq)
    return Example.objects.filter(
        ~Exists(acts), project_id=project_id, role=Example.Role.AUDIT, pk__lte=last_example_id
    )


def texts_of(confirmation: Confirmation) -> QuerySet[Example]:
    """All texts that a confirmation may ask, answered or not."""
    return fresh_texts(
        confirmation.project_id,
        started_seq=confirmation.started_seq,
        last_example_id=confirmation.last_example_id,
    )


def tries_of(*, project_id: int, fit_id: int, digest: str = "") -> QuerySet[Confirmation]:
    """Every confirmation of one model, oldest first: of the fit, and of any whose model is the same
    to the byte, as one fitted again with the same labels may be.
    """
    same = Q(fit_id=fit_id) | (Q(head_digest=digest) if digest else Q())
    return Confirmation.objects.filter(same, project_id=project_id).order_by("id")


def error_rate_after(n_tries: int) -> float:
    """What the next try may err: `ERROR_RATE`, halved for each earlier one, so that all tries of a
    model together err in at most twice that share of cases, however many they are.
    """
    rate: float = ERROR_RATE / 2**n_tries
    return rate


def running_confirmation(project_id: int) -> Confirmation | None:
    """The one that runs, if any."""
    return Confirmation.objects.filter(project_id=project_id, result="").first()


def asked_in_order(confirmation: Confirmation, now: datetime) -> list[Asked]:
    """Its texts in the order of the draw, with what became of each."""
    ids = list(texts_of(confirmation).order_by("audit_rank", "id").values_list("pk", flat=True))
    acts = Annotation.objects.filter(example_id__in=ids)
    labels = _standing(acts)
    skipped = set(acts.filter(state=State.SKIPPED).values_list("example_id", flat=True))
    leases = Lease.objects.filter(example_id__in=ids, expires_at__gt=now)
    held = set(leases.values_list("example_id", flat=True))
    return [Asked(pk, labels.get(pk), pk in skipped, pk in held) for pk in ids]


def _standing(acts: QuerySet[Annotation]) -> dict[int, tuple[int, ...]]:
    """The label of each example: most votes, among equals the newest."""
    rows = acts.filter(state=State.LABELLED).order_by("last_event__seq")
    votes: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for example_id, labels in rows.values_list("example_id", "labels"):
        votes[example_id].append(tuple(sorted(labels)))
    return {example_id: _winner(given) for example_id, given in votes.items()}


def _winner(votes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    counts = Counter(votes)
    most = max(counts.values())
    return next(labels for labels in reversed(votes) if counts[labels] == most)

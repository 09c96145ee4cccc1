"""What a page or a worker wants to know of a project's outside teacher."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet, Sum

from projects.models import (
    Annotation,
    Example,
    LabelClass,
    Project,
    SyntheticExample,
    Teacher,
    TeacherAnswer,
    TeacherRun,
)
from projects.services.teacher.prompt import (
    MAX_TEXT_CHARS,
    SYNTHETIC_SAMPLES,
    ClassWords,
    Prompt,
    make_prompt,
)

CHARS_PER_TOKEN = 3.5
TOKENS_OF_AN_ANSWER = 15
TOKENS_OF_A_WRITTEN_TEXT = 60
FEW_ANSWERS = 5
SAMPLED_TEXTS = 200
MILLION = Decimal(1_000_000)

Purpose = TeacherRun.Purpose


def teacher_of(project_id: int) -> Teacher | None:
    """The teacher in use, allowed or not; None where none was set up."""
    return Teacher.objects.filter(project_id=project_id, retired_at__isnull=True).first()


def prompt_of(project: Project) -> Prompt:
    """The prompt as guideline and classes stand now."""
    classes = LabelClass.objects.filter(project=project).active()
    return make_prompt(
        question=project.description,
        guideline=project.guideline,
        classes=[ClassWords(row.pk, row.name, row.description) for row in classes],
    )


def answers_to(teacher: Teacher, digest: str) -> QuerySet[TeacherAnswer]:
    return TeacherAnswer.objects.filter(teacher=teacher, prompt_digest=digest)


def _unasked(examples: QuerySet[Example], teacher: Teacher, digest: str) -> QuerySet[Example]:
    asked = answers_to(teacher, digest).filter(example=OuterRef("pk"))
    return examples.filter(~Exists(asked))


def audit_to_ask(teacher: Teacher, digest: str) -> QuerySet[Example]:
    """Reserved texts that a person has answered (so that nobody's answer can be swayed) and the
    teacher has not.
    """
    standing = Annotation.objects.filter(
        example=OuterRef("pk"),
        state=Annotation.State.LABELLED,
        annotator__isnull=False,
        stale=False,
    )
    audit = Example.objects.filter(project_id=teacher.project_id, role=Example.Role.AUDIT)
    answered = audit.filter(Exists(standing))
    return _unasked(answered, teacher, digest).order_by("audit_rank")


def pool_to_ask(teacher: Teacher, digest: str) -> QuerySet[Example]:
    """Open texts of the pool that the teacher has not answered, in random order."""
    pool = Example.objects.filter(
        project_id=teacher.project_id, role=Example.Role.POOL, settled=False
    )
    return _unasked(pool, teacher, digest).order_by("random_rank")


def to_ask(teacher: Teacher, purpose: str, digest: str) -> QuerySet[Example]:
    return (audit_to_ask if purpose == Purpose.AUDIT else pool_to_ask)(teacher, digest)


def samples_of(label_class: LabelClass) -> tuple[str, ...]:
    """Texts of the pool that people gave this class, to imitate. Never a reserved one."""
    rows = Annotation.objects.filter(
        project_id=label_class.project_id,
        state=Annotation.State.LABELLED,
        labels=[label_class.pk],
        example__role=Example.Role.POOL,
    )
    texts = rows.order_by("example__random_rank").values_list("example__text", flat=True)
    return tuple(texts[:SYNTHETIC_SAMPLES])


@dataclass(frozen=True)
class Estimate:
    """Of one request: what it costs, and how long it takes (None before there is any answer)."""

    cost: Decimal
    seconds: float | None
    measured: bool

    def of(self, n: int) -> Decimal:
        return self.cost * n


def cost_of(teacher: Teacher, tokens_in: float, tokens_out: float) -> Decimal:
    """In the teacher's currency."""
    asked, said = Decimal(str(tokens_in)), Decimal(str(tokens_out))
    return (asked * teacher.price_in + said * teacher.price_out) / MILLION


def tokens_in(text: str) -> int:
    """About how many tokens, rather too many than too few."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


def estimate(teacher: Teacher, prompt: Prompt) -> Estimate:
    """Of one more label: the mean of those so far, or from the length of the texts."""
    so_far = answers_to(teacher, prompt.digest).aggregate(
        n=Count("pk"), seconds=Avg("seconds"), cost=Avg("cost")
    )
    if so_far["n"] >= FEW_ANSWERS:
        return Estimate(Decimal(so_far["cost"]), so_far["seconds"], measured=True)
    pool = Example.objects.filter(project_id=teacher.project_id, role=Example.Role.POOL)
    texts = list(pool.order_by("random_rank").values_list("text", flat=True)[:SAMPLED_TEXTS])
    lengths = [tokens_in(text[:MAX_TEXT_CHARS]) for text in texts] or [0]
    mean = sum(lengths) / len(lengths) + tokens_in(prompt.system)
    return Estimate(cost_of(teacher, mean, TOKENS_OF_AN_ANSWER), so_far["seconds"], measured=False)


@dataclass(frozen=True)
class Counted:
    """What a teacher has said so far to the prompt as it stands."""

    n_audit: int
    n_pool: int
    n_errors: int
    n_older: int
    n_estimated: int
    n_with_probabilities: int
    cost: Decimal
    audit_left: int
    pool_left: int


def counted(teacher: Teacher, prompt: Prompt) -> Counted:
    """Answers by purpose, those to an earlier prompt apart."""
    mine = TeacherAnswer.objects.filter(teacher=teacher)
    found = mine.filter(prompt_digest=prompt.digest).aggregate(
        audit=Count("pk", filter=Q(purpose=Purpose.AUDIT)),
        pool=Count("pk", filter=Q(purpose=Purpose.POOL)),
        errors=Count("pk", filter=~Q(error="")),
        estimated=Count("pk", filter=Q(tokens_estimated=True)),
        probabilities=Count("pk", filter=Q(probabilities__isnull=False)),
        cost=Sum("cost"),
    )
    return Counted(
        n_audit=found["audit"],
        n_pool=found["pool"],
        n_errors=found["errors"],
        n_older=mine.exclude(prompt_digest=prompt.digest).count(),
        n_estimated=found["estimated"],
        n_with_probabilities=found["probabilities"],
        cost=found["cost"] or Decimal(0),
        audit_left=audit_to_ask(teacher, prompt.digest).count(),
        pool_left=pool_to_ask(teacher, prompt.digest).count(),
    )


def open_run(teacher: Teacher) -> TeacherRun | None:
    """The run that waits, works, or was paused or stopped and can go on."""
    status = TeacherRun.Status
    live = (status.WAITING, status.RUNNING, status.PAUSED, status.STOPPED)
    return teacher.runs.filter(status__in=live).order_by("-id").first()


def accepted_synthetic(project_id: int) -> list[int]:
    """Numbers of the written texts that a lead kept, of classes in use."""
    rows = SyntheticExample.objects.filter(
        teacher__project_id=project_id, accepted=True, label_class__retired_at__isnull=True
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def trains_on_synthetic(project_id: int) -> bool:
    """Whether the lead switched texts that a teacher wrote on."""
    teacher = teacher_of(project_id)
    return teacher is not None and teacher.use_synthetic


def runs_to_work_on(now: datetime, fresh: datetime) -> list[int]:
    """Runs that may make a request now and that no live task has, oldest first."""
    status = TeacherRun.Status
    free = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lte=fresh)
    ready = Q(not_before__isnull=True) | Q(not_before__lte=now)
    rows = TeacherRun.objects.filter(
        free,
        ready,
        status__in=(status.WAITING, status.RUNNING),
        teacher__consent_at__isnull=False,
        teacher__project__binned_at__isnull=True,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))

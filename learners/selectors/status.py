"""How the machine is doing with one project, in words that say what to do. No pool is counted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from labeler.sending import broker_answers
from learners.engine.first_questions import are_ranked
from learners.models import (
    EmbeddingSet,
    Fit,
    RankedExample,
    SeedExample,
    SeedQueue,
    WorkerHeartbeat,
)
from learners.selectors.parts import (
    STATIC,
    current_set,
    first_set,
    newest_set,
    parts_of,
    set_name,
    static_being_made,
)
from learners.services.due_work import (
    STALE_AFTER,
    can_train,
    decide_fit,
    is_running,
    label_changes_since_newest_attempt,
    names_train,
)
from learners.services.queue import serving_seed_queue
from projects.models import Project
from projects.services.project_settings import pool_has_outgrown

ALIVE_WITHIN = timedelta(seconds=20)  # four heartbeats of a worker
STALLED_AFTER = timedelta(seconds=90)  # six beats in which nobody took the work up
ENGLISH_ENOUGH = 0.8
ENGLISH_SAMPLE = 50
CUT_WORTH_SAYING = 0.01


__all__ = [
    "Banner",
    "EmbeddingProgress",
    "NotPublished",
    "ProjectStatus",
    "current_set",
    "project_status",
    "published_fit",
    "queue_left",
    "texts_to_read",
    "worker_is_alive",
]


class NotPublished(LookupError):
    """The project has no published fit yet."""


@dataclass(frozen=True)
class Banner:
    """One thing a reader of the page must know. `level`: info, warning or error."""

    level: str
    text: str
    what_to_do: str


@dataclass(frozen=True)
class EmbeddingProgress:
    """How far the embedder is. Counts are distinct texts; `english_share` in [0, 1] or None."""

    n_done: int
    n_total: int
    n_cut: int
    max_tokens: int | None
    english_share: float | None
    n_language_checked: int
    texts_per_second: float | None
    error: str
    retry_at: datetime | None
    stalled: bool

    @property
    def complete(self) -> bool:
        return self.n_done >= self.n_total

    @property
    def share(self) -> float:
        """In [0, 1]; 1 for a project without texts."""
        return self.n_done / self.n_total if self.n_total else 1.0

    @property
    def cut_share(self) -> float:
        """Share of the texts read so far that are longer than the embedder reads."""
        return self.n_cut / self.n_done if self.n_done else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while the rate is unknown."""
        if not self.texts_per_second:
            return None
        return (self.n_total - self.n_done) / self.texts_per_second


@dataclass(frozen=True)
class ProjectStatus:
    """What the pages show about worker, embedding, fits and queue. `why_no_fit`: a sentence.
    `seeds`: the first questions as ranked, while no fit is published; `queue_left` is then theirs.
    """

    worker_alive: bool
    worker_seen_at: datetime | None
    beat_alive: bool
    beat_seen_at: datetime | None
    broker_answers: bool
    embedding: EmbeddingProgress
    running_fit: Fit | None
    newest_fit: Fit | None
    published_fit: Fit | None
    changes_waiting: int
    batch_size: int
    why_no_fit: str
    queue_left: int
    serving_random_because: str
    banners: list[Banner]
    names_train: bool = False
    seeds: SeedQueue | None = None


def published_fit(project_id: int) -> Fit:
    """The fit whose model and queue are in use: the newest that was published.

    Raises:
        NotPublished: none was yet.
    """
    fit = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED).last()
    if fit is None:
        raise NotPublished("No model has been trained for this project yet.")
    return fit


def worker_is_alive(now: datetime) -> bool:
    """Whether some worker gave a sign of life within the last few heartbeats."""
    return WorkerHeartbeat.objects.filter(kind="worker", seen_at__gt=now - ALIVE_WITHIN).exists()


def queue_left(fit: Fit) -> int:
    """Texts of this fit's queue that nobody has answered or skipped since."""
    return RankedExample.objects.filter(fit=fit, spent=False).count()


def seeds_left(queue: SeedQueue) -> int:
    """First questions that nobody has answered or skipped since they were ranked."""
    return SeedExample.objects.filter(queue=queue, spent=False).count()


def project_status(project: Project, now: datetime, *, ask_broker: bool = False) -> ProjectStatus:
    """Everything the pages say about the machine, from about ten indexed queries.

    `ask_broker` also asks the broker for a sign of life, which takes up to 0.2 s.
    """
    seen = _last_seen()
    newest = Fit.objects.filter(project=project).last()
    published = (
        Fit.objects.filter(project=project, status=Fit.Status.PUBLISHED).last()
        if newest and newest.status != Fit.Status.PUBLISHED
        else newest
    )
    seeds = None if published else serving_seed_queue(project)
    left = queue_left(published) if published else seeds_left(seeds) if seeds else 0
    embedding = _embedding(project, first_set(project), now)
    facts = _Facts(
        project=project,
        now=now,
        worker_seen_at=seen.get("worker"),
        beat_seen_at=seen.get("beat"),
        broker=broker_answers() if ask_broker else True,
        embedding=embedding,
        part_errors=_part_errors(project),
        static_made_since=_static_made_since(project, now),
        newest=newest,
        published=published,
        seeds=seeds,
        changes=label_changes_since_newest_attempt(project.pk),
        left=left,
    )
    return ProjectStatus(
        worker_alive=facts.worker_alive,
        worker_seen_at=facts.worker_seen_at,
        beat_alive=facts.beat_alive,
        beat_seen_at=facts.beat_seen_at,
        broker_answers=facts.broker,
        embedding=embedding,
        running_fit=newest if newest and is_running(newest, now) else None,
        newest_fit=newest,
        published_fit=published,
        changes_waiting=facts.changes,
        batch_size=project.batch_size,
        why_no_fit=decide_fit(project.pk, now).why_not,
        queue_left=left,
        serving_random_because=facts.serving_random_because,
        banners=_banners(facts),
        names_train=names_train(project),
        seeds=seeds,
    )


@dataclass(frozen=True)
class _Facts:
    project: Project
    now: datetime
    worker_seen_at: datetime | None
    beat_seen_at: datetime | None
    broker: bool
    embedding: EmbeddingProgress
    part_errors: list[EmbeddingSet]
    static_made_since: datetime | None
    newest: Fit | None
    published: Fit | None
    seeds: SeedQueue | None
    changes: int
    left: int

    @property
    def worker_alive(self) -> bool:
        return bool(self.worker_seen_at and self.worker_seen_at > self.now - ALIVE_WITHIN)

    @property
    def beat_alive(self) -> bool:
        return bool(self.beat_seen_at and self.beat_seen_at > self.now - ALIVE_WITHIN)

    @property
    def serving_random_because(self) -> str:
        source = self.published or self.seeds
        if source is None:
            return "No model has been trained yet, so texts are drawn at random."
        if not self.left and source.n_ranked_from == 0:
            return "Too few texts have been read to rank them, so they are drawn at random."
        if not self.left:
            used_up = "queue of the last fit is" if self.published else "first questions are"
            return f"The {used_up} used up, so texts are drawn at random."
        return ""


def _last_seen() -> dict[str, datetime]:
    rows = WorkerHeartbeat.objects.order_by("seen_at").values_list("kind", "seen_at")
    return dict(rows)  # ordered, so the newest of each kind stays


def _embedding(project: Project, row: EmbeddingSet | None, now: datetime) -> EmbeddingProgress:
    if row is None:
        waited = now - project.created_at
        stalled = project.n_rows > 0 and waited > STALLED_AFTER
        return EmbeddingProgress(
            0, project.n_texts, 0, None, None, 0, None, "", None, stalled=stalled
        )
    n_total = texts_to_read(project, row)
    return EmbeddingProgress(
        n_done=row.n_done,
        n_total=n_total,
        n_cut=row.n_cut,
        max_tokens=row.max_tokens,
        english_share=row.english_share,
        n_language_checked=row.n_language_checked,
        texts_per_second=row.texts_per_second,
        error=row.error,
        retry_at=row.retry_at,
        stalled=row.n_done < n_total and _nobody_reads(project, row, now),
    )


def _part_errors(project: Project) -> list[EmbeddingSet]:
    """Sets of the further parts of the project's features whose last try failed."""
    names = [set_name(part) for part in parts_of(project.features)[1:]]
    rows = EmbeddingSet.objects.filter(project=project, embedder__in=names).exclude(error="")
    return list(rows.order_by("id"))


def _static_made_since(project: Project, now: datetime) -> datetime | None:
    """When a task began to make the static vectors that the project waits for."""
    if STATIC not in parts_of(project.features):
        return None
    mine = newest_set(project.pk, STATIC)
    if mine is not None and mine.digest:
        return None
    since: datetime | None = (
        static_being_made(now - STALE_AFTER).values_list("created_at", flat=True).first()
    )
    return since


def texts_to_read(project: Project, row: EmbeddingSet) -> int:
    """As counted by a worker, or where none has counted since the newest import, by the project."""
    counted = row.n_total if row.n_rows_seen == project.n_rows else project.n_texts
    return max(counted, row.n_done)


def _nobody_reads(project: Project, row: EmbeddingSet, now: datetime) -> bool:
    if row.retry_at and row.retry_at > now:
        return False
    newest = project.imports.aggregate(at=Max("finished_at"))["at"]
    seen = [at for at in (row.heartbeat_at or row.created_at, newest) if at]
    return max(seen) < now - STALLED_AFTER


def _banners(facts: _Facts) -> list[Banner]:
    found = [
        *_process_banners(facts),
        *_embedding_banners(facts),
        *_part_banners(facts),
        *_seed_banners(facts),
        *_fit_banners(facts),
        *_strategy_banners(facts.project),
        *([] if facts.project.is_table else _text_banners(facts.embedding)),
    ]
    order = ("error", "warning", "info")
    return sorted(found, key=lambda banner: order.index(banner.level))


def _process_banners(facts: _Facts) -> list[Banner]:
    if not facts.broker:
        return [
            Banner(
                "error",
                "The message broker does not answer, so no embedding and no training is started.",
                "Your answers are saved. Start the broker again (Valkey or Redis; “make run” "
                "starts it); waiting work then starts by itself.",
            )
        ]
    if not facts.worker_alive:
        return [
            Banner(
                "error",
                f"{_away('worker', facts.worker_seen_at, facts.now)} "
                "Nothing is embedded or trained meanwhile.",
                "Your answers are saved. Start the worker (“make run” starts it, as does "
                "“celery -A labeler worker -Q fast,slow”); waiting work then starts by itself.",
            )
        ]
    if not facts.beat_alive:
        return [
            Banner(
                "warning",
                f"{_away('scheduler', facts.beat_seen_at, facts.now)} "
                "Work that was missed is not taken up again.",
                "Start it (“make run” starts it, as does “celery -A labeler beat”).",
            )
        ]
    return []


def _away(what: str, seen_at: datetime | None, now: datetime) -> str:
    if seen_at is None:
        return f"No {what} is running."
    return f"The {what} is away: last seen {_ago(now - seen_at)} ago."


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            n = seconds // unit
            return f"{n} {name}{'s' if n > 1 else ''}"
    return f"{seconds} seconds"


def _embedding_banners(facts: _Facts) -> list[Banner]:
    embedding = facts.embedding
    if embedding.error:
        return [
            Banner(
                "error",
                f"Reading the texts failed after {embedding.n_done:,} of {embedding.n_total:,}: "
                f"{embedding.error}",
                f"{_next_try(embedding.retry_at, facts.now)} Texts read so far stay in use.",
            )
        ]
    if embedding.stalled and facts.worker_alive:
        return [
            Banner(
                "warning",
                f"Reading the texts has stopped at {embedding.n_done:,} of "
                f"{embedding.n_total:,} although a worker is running.",
                "The worker may be busy with other projects; it goes on by itself. If it does "
                "not, look into the worker's log and start it again.",
            )
        ]
    return []


def _part_banners(facts: _Facts) -> list[Banner]:
    failed = [
        Banner(
            "error",
            f"{_making(row.embedder)} failed: {row.error}",
            f"{_next_try(row.retry_at, facts.now)} The settings offer features without this part.",
        )
        for row in facts.part_errors
    ]
    return [*failed, *_static_banners(facts)]


def _making(part: str) -> str:
    if part == STATIC:
        return "Making static vectors"
    return f"Learning the words of this pool ({part.upper()})"


def _static_banners(facts: _Facts) -> list[Banner]:
    """While a worker distils, for this project or for another that this one waits for."""
    if facts.static_made_since is None:
        return []
    minutes = int((facts.now - facts.static_made_since).total_seconds() // 60)
    for_long = f", for {minutes} minute{'s' if minutes > 1 else ''} now" if minutes else ""
    return [
        Banner(
            "info",
            f"Static vectors are being made of the sentence embedder{for_long}.",
            "That takes a few minutes, once for all projects, and reading the texts goes on by "
            "itself after it. You can label meanwhile.",
        )
    ]


def _next_try(retry_at: datetime | None, now: datetime) -> str:
    if retry_at is None or retry_at <= now:
        return "It is tried again as soon as a worker is free."
    return f"It is tried again by itself in {_ago(retry_at - now)}."


def _seed_banners(facts: _Facts) -> list[Banner]:
    """Until a fit is tried: from then on its own banner says what is wrong."""
    if facts.newest or not are_ranked(facts.project.strategy):
        return []
    row = SeedQueue.objects.filter(project=facts.project).exclude(error="").first()
    if row is None:
        return []
    return [
        Banner(
            "error",
            f"The first questions could not be ranked: {row.error}",
            f"{_next_try(row.retry_at, facts.now)} {_served_meanwhile(facts)}",
        )
    ]


def _fit_banners(facts: _Facts) -> list[Banner]:
    newest = facts.newest
    if newest and newest.status == Fit.Status.FAILED:
        return [
            Banner(
                "error",
                f"The last fit failed: {newest.error}",
                f"{_next_try(newest.retry_at, facts.now)} {_served_meanwhile(facts)}",
            )
        ]
    if facts.published and facts.published.rerank_error:
        return [
            Banner(
                "error",
                "The texts read since the last fit could not be ranked: "
                f"{facts.published.rerank_error}",
                f"It is tried again within minutes. {_served_meanwhile(facts)}",
            )
        ]
    if facts.changes >= facts.project.batch_size and not can_train(facts.project):
        return [
            Banner(
                "info",
                "All labels so far are of one class, and a model needs two.",
                "It is trained as soon as a text is labelled with a second class.",
            )
        ]
    if facts.published and not facts.left:
        return [
            Banner(
                "info",
                facts.serving_random_because,
                "The queue comes by itself when more of them are read."
                if facts.published.n_ranked_from == 0
                else "The next fit ranks the texts anew; 'Retrain now' on the project page starts one.",
            )
        ]
    return []


def _strategy_banners(project: Project) -> list[Banner]:
    if not pool_has_outgrown(project, project.strategy):
        return []
    label = settings.LABELER_STRATEGY_LABELS[project.strategy]
    return [
        Banner(
            "warning",
            f"“{label}” is for pools of up to {settings.LABELER_SMALL_POOL:,} texts, and this one "
            f"has grown to {project.n_pool:,}: ranking takes long and looks at few of them.",
            "Choose another strategy in the settings, under Learning.",
        )
    ]


def _served_meanwhile(facts: _Facts) -> str:
    if facts.published and facts.left:
        return f"Meanwhile the queue of fit {facts.published.pk} keeps serving."
    if facts.seeds and facts.left:
        return "Meanwhile the first questions are asked as they were ranked before."
    return "Meanwhile texts are drawn at random."


def _text_banners(embedding: EmbeddingProgress) -> list[Banner]:
    found = []
    if embedding.n_done and embedding.cut_share >= CUT_WORTH_SAYING:
        found.append(
            Banner(
                "info",
                f"{embedding.n_cut:,} of {embedding.n_done:,} texts ({embedding.cut_share:.0%}) "
                f"are longer than the {embedding.max_tokens} tokens the embedder reads; the rest "
                "of them is not seen by the model.",
                "If what matters stands near the end, split such texts before importing them.",
            )
        )
    if _looks_foreign(embedding):
        found.append(
            Banner(
                "warning",
                f"Only about {embedding.english_share:.0%} of these texts look English, and the "
                "embedder in use was made for English.",
                "Expect a weaker model, or set LABELER_EMBEDDER to the folder of a multilingual "
                "sentence-transformers model.",
            )
        )
    return found


def _looks_foreign(embedding: EmbeddingProgress) -> bool:
    return (
        settings.LABELER_EMBEDDER == "minilm"
        and embedding.english_share is not None
        and embedding.n_language_checked >= min(ENGLISH_SAMPLE, embedding.n_total)
        and embedding.english_share < ENGLISH_ENOUGH
    )

"""What a reader of a project's pages must know of the machine, in words that say what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from labeler.shares import percent
from learners.engine.features import STATIC
from learners.engine.first_questions import are_ranked
from learners.models import EmbeddingSet, Fit, SeedQueue
from learners.selectors.embedding_progress import EmbeddingProgress
from learners.services.due_work import can_train
from projects.models import Project
from projects.services.project_settings import pool_has_outgrown

ALIVE_WITHIN = timedelta(seconds=20)  # four heartbeats of a worker
ENGLISH_ENOUGH = 0.8
ENGLISH_SAMPLE = 50
CUT_WORTH_SAYING = 0.01


@dataclass(frozen=True)
class Banner:
    """One thing a reader of the page must know. `level`: info, warning or error."""

    level: str
    text: str
    what_to_do: str


@dataclass(frozen=True)
class Facts:
    """What the banners are decided from."""

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


def banners(facts: Facts) -> list[Banner]:
    """The worst first."""
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


def _process_banners(facts: Facts) -> list[Banner]:
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


def _embedding_banners(facts: Facts) -> list[Banner]:
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


def _part_banners(facts: Facts) -> list[Banner]:
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


def _static_banners(facts: Facts) -> list[Banner]:
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


def _seed_banners(facts: Facts) -> list[Banner]:
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


def _fit_banners(facts: Facts) -> list[Banner]:
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


def _served_meanwhile(facts: Facts) -> str:
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
                f"{embedding.n_cut:,} of {embedding.n_done:,} texts ({percent(embedding.cut_share)}) "
                f"are longer than the {embedding.max_tokens} tokens the embedder reads; the rest "
                "of them is not seen by the model.",
                "If what matters stands near the end, split such texts before importing them.",
            )
        )
    if _looks_foreign(embedding):
        found.append(
            Banner(
                "warning",
                f"Only about {percent(embedding.english_share or 0.0)} of these texts look English, and the "
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

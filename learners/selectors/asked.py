"""Why a text was asked, in words. For after the answer only: before it, this would lead the eye."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from labeler.shares import percent
from learners.models import Fit
from learners.selectors.curve import strategy_label
from projects.models import AnnotationEvent, Project
from projects.models.annotation import Draw

SENTENCES: dict[str, str] = {
    Draw.CONFIRM: (
        "Random, to confirm a model: this text was set apart at random, and nobody had dealt "
        "with it when that model was frozen. It measures later models as well."
    ),
    Draw.HISTORY: "You opened it again yourself, after an undo or from the history page.",
    Draw.LATE: (
        "Its hold had ended before your answer came. The answer counts; "
        "how the text was chosen is not known any more."
    ),
}


@dataclass(frozen=True)
class WhyAsked:
    """One sentence, and the figures behind it as (name, value) pairs."""

    sentence: str
    facts: list[tuple[str, str]]


def why_asked(event: AnnotationEvent, project: Project) -> WhyAsked:
    """By which road the event's example came before the annotator, and what the event noted of it."""
    return WhyAsked(_sentence(event, project), [*_machine_facts(event, project), *_chance(event)])


def _sentence(event: AnnotationEvent, project: Project) -> str:
    match event.draw:
        case Draw.AUDIT:
            return (
                "Random, to measure: this text was set apart at random before any model saw it. "
                f"About {percent(project.audit_share)} of the questions are such texts; only on them "
                "is the accuracy measured."
            )
        case Draw.QUEUE:
            reason = f": {event.reason}" if event.reason else ""
            return f"Chosen by the strategy “{strategy_label(event.strategy)}”{reason}."
        case Draw.INCOMING:
            return f"It came back from a model in use, and so stood first in line: {event.reason}."
        case Draw.RANDOM:
            return f"A random text: {event.reason or 'there was no ranking'}."
    return SENTENCES.get(event.draw, "It came with the data.")


def _machine_facts(event: AnnotationEvent, project: Project) -> list[tuple[str, str]]:
    if event.fit_id is None and event.draw != Draw.QUEUE:
        return []
    facts = [("Strategy", strategy_label(event.strategy)), ("Fit", _fit(event.fit_id, project))]
    if event.score is not None:
        facts.append(("Score", f"{event.score:.4g}"))
    if event.rank is not None:
        facts.append(("Place in the queue", f"{event.rank:,}"))
    return facts


def _fit(fit_id: int | None, project: Project) -> str:
    if fit_id is None:
        return "none: there was no model yet"
    fit = Fit.objects.filter(pk=fit_id, project=project).first()
    if fit is None or fit.finished_at is None:
        return f"{fit_id} (not kept)"
    time = fit.finished_at.astimezone(ZoneInfo(project.time_zone))
    return f"{fit_id}, {time:%d %b %Y %H:%M}, trained on {fit.n_labels:,} labels"


def _chance(event: AnnotationEvent) -> list[tuple[str, str]]:
    if event.chance is None:
        return []
    if event.chance >= 0.01:
        return [("Chance of this text", percent(event.chance))]
    return [("Chance of this text", f"1 in {round(1 / event.chance):,}")]

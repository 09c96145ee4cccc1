"""What the numbers mean, in sentences that carry their uncertainty. Pure: values in, text out."""

from collections.abc import Sequence

from learners.selectors.curve import CurvePoint, Measure
from learners.selectors.progress import MEASURING_ANSWERS_PER_CLASS, AuditProgress, ClassCount
from learners.selectors.status import EmbeddingProgress, ProjectStatus
from projects.models import Project

NB = "\u00a0"  # keeps a number and its unit on one line
FEW = 10  # below, a percentage would claim more than the counts say
COUNTED = 100  # below, the counts are said as well
NAMED_CLASSES = 3
FROM_NAMES = "it chooses the first questions, and how good it is the random ones will show."
UNANSWERED = "no random text has been answered yet"


def number(share: float) -> str:
    """A share in [0, 1] in per cent, without the sign; 0 and 100 only when it is exactly that."""
    per_cent = share * 100
    if 0 < per_cent < 0.95:
        return f"{max(per_cent, 0.1):.1f}"
    if 99.05 <= per_cent < 100:
        return f"{min(per_cent, 99.9):.1f}"
    return f"{per_cent:.0f}"


def percent(share: float) -> str:
    """`88 %`."""
    return f"{number(share)}{NB}%"


def interval(measure: Measure) -> str:
    """`71–96 %`."""
    return f"{number(measure.low)}–{number(measure.high)}{NB}%"


def between(measure: Measure) -> str:
    """`between 71 and 96 %`."""
    return f"between {number(measure.low)} and {number(measure.high)}{NB}%"


def count(n: int, one: str, many: str = "") -> str:
    """`1 label`, `5,485 labels`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def in_counts(measure: Measure) -> str:
    """`23 of 26 random texts right: between 71 and 96 %`."""
    texts = "random text" if measure.n == 1 else "random texts"
    return f"{measure.n_right:,} of {measure.n:,} {texts} right: {between(measure)}"


def headline(point: CurvePoint) -> str:
    """The one sentence on top of a project that has a model."""
    labels = count(point.n_labels, "label")
    accuracy = point.accuracy
    if not point.n_labels + point.n_known:
        return f"At {labels} there is a model, from the names of the classes alone: {FROM_NAMES}"
    if accuracy is None or accuracy.n == 0:
        return (
            f"At {labels} there is a model, but {point.unmeasured_because or UNANSWERED}: "
            "nothing can be said of how good it is."
        )
    if accuracy.n < FEW:
        return f"At {labels}, {in_counts(accuracy)}."
    return (
        f"At {labels} the model is right on {percent(accuracy.value)} of texts "
        f"({interval(accuracy)}, {accuracy.n:,} random texts)."
    )


def particulars(
    point: CurvePoint, audit: AuditProgress, classes: Sequence[ClassCount]
) -> list[str]:
    """What stands under the headline: counts, skips, doubts, macro-F1, test split, known labels."""
    sentences = [
        _counts(point),
        skips(point),
        answered_again(audit),
        macro_f1(point, classes),
        test_split(point),
        known_labels(point.n_known),
        point.note,
    ]
    return [sentence for sentence in sentences if sentence]


def _counts(point: CurvePoint) -> str:
    accuracy = point.accuracy
    if accuracy is None or accuracy.n == 0:
        return ""
    if accuracy.n < FEW:
        return "Too few random texts yet to say more. " + APPROXIMATE
    if accuracy.n < COUNTED:
        return f"{in_counts(accuracy)}. {APPROXIMATE}"
    return APPROXIMATE


APPROXIMATE = (
    "Approximate: the interval is meant for one look at one model, "
    "and this page is looked at after every fit."
)


def skips(point: CurvePoint) -> str:
    """How many random texts nobody would answer, "" when none."""
    if not point.n_skipped:
        return ""
    if point.n_skipped == 1:
        return "1 more random text was skipped and is not counted."
    return f"{point.n_skipped:,} more random texts were skipped and are not counted."


def answered_again(audit: AuditProgress) -> str:
    """How far the random texts have been asked anew since a class was added, "" when they were."""
    if not audit.n_stale:
        return ""
    since = f" since “{audit.stale_since}” was added" if audit.stale_since else ""
    return (
        f"{audit.answered_again:,} of {count(audit.n_to_answer_again, 'random text')} "
        f"answered again{since}; the other {audit.n_stale:,} "
        f"{'measures' if audit.n_stale == 1 else 'measure'} nothing until then."
    )


def macro_f1(point: CurvePoint, classes: Sequence[ClassCount]) -> str:
    """Macro-F1 with its interval, or why it is withheld."""
    if point.macro_f1:
        return (
            f"Macro-F1, which counts every class alike, is {percent(point.macro_f1.value)} "
            f"({interval(point.macro_f1)}).{_no_spread(point.macro_f1)}"
        )
    short = [row for row in classes if row.n_measuring < MEASURING_ANSWERS_PER_CLASS]
    if not short:
        return "Macro-F1 appears with the next fit: every class now has five answered random texts."
    return f"Macro-F1 is withheld until every class has five answered random texts: {_short(short)}"


def _no_spread(measure: Measure) -> str:
    """A bootstrap of answers that are all right (or all wrong) has no width; that is not certainty."""
    if measure.low < measure.high:
        return ""
    return f" Resampling {measure.n:,} answers of one kind shows no spread, which proves nothing."


def _short(short: Sequence[ClassCount]) -> str:
    named = [f"“{row.label_class.name}” has {row.n_measuring or 'none'}" for row in short]
    if len(named) <= NAMED_CLASSES + 1:
        return ", ".join(named) + "."
    rest = len(named) - NAMED_CLASSES
    return ", ".join(named[:NAMED_CLASSES]) + f", and {rest} more classes have too few."


def test_split(point: CurvePoint) -> str:
    """The accuracy on the split that came with the data, "" without one."""
    measure = point.test_accuracy
    if measure is None:
        return ""
    return (
        f"On the given test split it is right on {percent(measure.value)} of "
        f"{count(measure.n, 'text')} ({interval(measure)})."
    )


def known_labels(n_known: int) -> str:
    """That labels came with the data, "" when none did."""
    if not n_known:
        return ""
    return (
        f"{count(n_known, 'label')} came with the data or from programs: "
        "they train the model, never measure it, and are counted apart."
    )


def duration(seconds: float) -> str:
    """`0.8 s`, `45 s`, `12 min`, `3.5 h`: no more digits than anybody needs."""
    if seconds < 10:
        return f"{seconds:.1f}{NB}s"
    if seconds < 90:
        return f"{seconds:.0f}{NB}s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f}{NB}min"
    return f"{seconds / 3600:.1f}{NB}h"


def before_the_first_fit(project: Project, status: ProjectStatus) -> str:
    """The one sentence on top of a project without a model."""
    if not project.n_texts:
        return "No texts are here yet."
    if status.running_fit:
        return "No model yet: the first one is being fitted now."
    left = project.batch_size - status.changes_waiting
    if status.names_train and not status.newest_fit:
        return "No model yet: the first one comes from the names of the classes, within moments."
    if left > 0:
        return f"No model yet: the first one comes after {count(left, 'more answer')}."
    return f"No model yet. {status.why_no_fit or 'Enough answers are here, the first fit is next.'}"


def learning(status: ProjectStatus) -> str:
    """What the machine does with the answers it has."""
    if status.running_fit:
        return "fitting now"
    left = status.batch_size - status.changes_waiting
    if left > 0:
        return f"next fit after {count(left, 'answer')}"
    return status.why_no_fit or "a fit is due"


def embedding(state: EmbeddingProgress) -> str:
    """How far the texts have been read by the embedder, how fast, and how long it takes yet."""
    if not state.n_total:
        return "no texts yet"
    if state.complete:
        return f"all {count(state.n_total, 'text')} read"
    done = f"{state.n_done:,} of {count(state.n_total, 'text')} read"
    if not state.texts_per_second or state.seconds_left is None:
        return done
    return (
        f"{done}, {state.texts_per_second:,.0f} a second, about {duration(state.seconds_left)} left"
    )


def cut(state: EmbeddingProgress) -> str:
    """How many texts are longer than the embedder reads, "" while none is."""
    if not state.n_cut:
        return ""
    return (
        f"{state.n_cut:,} of {count(state.n_done, 'text')} ({percent(state.cut_share)}) "
        f"longer than {state.max_tokens} tokens are cut"
    )

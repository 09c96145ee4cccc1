"""What the numbers mean where a text has any number of classes. Pure: values in, text out."""

from collections.abc import Sequence

from learners.selectors.curve import CurvePoint, Measure, SetPoint
from learners.selectors.honesty import MeasuredSets, as_measure
from learners.selectors.progress import AuditProgress, ClassCount
from learners.views import honest_sentences, sentences
from learners.views.sentences import (
    APPROXIMATE,
    UNANSWERED,
    answered_again,
    between,
    count,
    interval,
    known_labels,
    percent,
    skips,
)


def headline(point: CurvePoint) -> str:
    """The one sentence on top of a project that has a model."""
    labels, sets = count(point.n_labels, "label"), point.sets or SetPoint()
    if not point.n_labels + point.n_known:
        return sentences.headline(point)
    if sets.exact_match is None:
        return (
            f"At {labels} there is a model, but {point.unmeasured_because or UNANSWERED}: "
            "nothing can be said of how good it is."
        )
    if not (sets.micro_f1 and sets.micro_recall and sets.micro_precision):
        return f"At {labels}, {whole_sets(sets)}."
    return (
        f"At {labels} the model finds {percent(sets.micro_recall.value)} of the classes that people "
        f"give texts, and {percent(sets.micro_precision.value)} of those it gives are right: "
        f"micro-F1 {percent(sets.micro_f1.value)} ({interval(sets.micro_f1)}, "
        f"{count(sets.micro_f1.n, 'random text')})."
    )


def whole_sets(sets: SetPoint) -> str:
    """`23 of 26 random texts got exactly the right classes: between 71 and 96 %`."""
    exact = sets.exact_match
    if exact is None:
        return ""
    return (
        f"{exact.n_right:,} of {count(exact.n, 'random text')} got exactly the right classes: "
        f"{between(exact)}"
    )


def particulars(
    point: CurvePoint, audit: AuditProgress, classes: Sequence[ClassCount]
) -> list[str]:
    """What stands under the headline: intervals, whole sets, skips, macro-F1, test split, known."""
    sets = point.sets or SetPoint()
    said = [
        _both_sides(sets),
        f"{whole_sets(sets)}. {APPROXIMATE}" if sets.exact_match else "",
        skips(point),
        answered_again(audit),
        sentences.macro_f1(point, classes),
        test_split(sets),
        known_labels(point.n_known),
        point.note,
    ]
    return [sentence for sentence in said if sentence]


def _both_sides(sets: SetPoint) -> str:
    if not (sets.micro_recall and sets.micro_precision):
        return ""
    return (
        f"Of the classes that people give, it finds {between(sets.micro_recall)}; of those it gives, "
        f"{between(sets.micro_precision)} are right. Micro-F1 is the balance of the two."
    )


def test_split(sets: SetPoint) -> str:
    """The measures on the split that came with the data, "" without one."""
    if sets.test_exact_match is None:
        return ""
    exact = sets.test_exact_match
    whole = f"{percent(exact.value)} of {count(exact.n, 'text')} got exactly the right classes ({interval(exact)})"
    if sets.test_micro_f1 is None:
        return f"On the given test split {whole}."
    f1 = f"micro-F1 is {percent(sets.test_micro_f1.value)} ({interval(sets.test_micro_f1)})"
    return f"On the given test split {f1}, and {whole}."


def calibration(found: MeasuredSets) -> list[str]:
    """Are classes there as often as the model holds them likely?"""
    pooled = found.pooled
    if pooled is None:
        return [honest_sentences.too_few_to_calibrate(found.n, "text")]
    share = as_measure(pooled.share)
    said = (
        f"Each of {count(pooled.n_texts, 'random text')} was asked of "
        f"{count(pooled.n_classes, 'class', 'classes')}: the model holds a class "
        f"{percent(pooled.mean_probability)} likely on average, and {percent(share.value)} "
        f"({interval(share)}) are there: {_as_likely(pooled.mean_probability, share)}."
    )
    error = pooled.error
    chance = Measure(error.by_chance, 0.0, error.by_chance_high, error.error.n)
    return [said, honest_sentences.calibration_error(as_measure(error.error), chance)]


def _as_likely(mean: float, share: Measure) -> str:
    if mean > share.high:
        return "it holds classes likelier than they are"
    if mean < share.low:
        return "it holds classes less likely than they are"
    return "as likely as they are, as far as so many answers can tell"

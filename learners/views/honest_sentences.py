"""What the honest numbers mean, in sentences. Pure: values in, text out."""

from collections.abc import Sequence
from dataclasses import dataclass

from learners.engine.calibration import MIN_ANSWERS
from learners.engine.confusion import Cell
from learners.engine.helping import FEWEST_ANSWERS
from learners.engine.stopping import (
    LEAST_LABELS,
    NARROW,
    NEXT_LABELS,
    SMALL_GAIN,
    STABLE_KAPPA,
    WINDOW,
    Advice,
    Sign,
)
from learners.selectors.curve import Measure
from learners.selectors.honesty import Baseline, Measured
from learners.views.sentences import NB, between, count, interval, percent
from projects.models import LabelClass

TOLD_FROM = 5  # random texts of a class, before one of them is called the weakest
BY_FOLDS = (
    "Each random {text} is predicted by a model that did not train on it (five folds); "
    "the model in use trains on all of them."
)
STRICTLY = (
    "Strict: random {text}s only measure and never train, so that these are predictions "
    "of the very model in use."
)
WHOLE_SETS = (
    "Right here is a text whose every class is right: one class too many or too few makes it wrong."
)


def how_measured(*, strict: bool, noun: str = "text") -> str:
    """Whether random texts train as well, in words. `noun`: what one of them is called."""
    return (STRICTLY if strict else BY_FOLDS).format(text=noun)


def points(share: float) -> str:
    """A difference of shares in points: `1.2`, `−4`, `12`; never more digits than it bears."""
    value = round(100 * share, 1 if abs(share) < 0.1 else 0)
    return f"{value:g}".replace("-", "−") if value else "0"


def point_word(share: float) -> str:
    """`1.2 points`, `1 point`."""
    return f"{points(share)}{NB}{'point' if points(share) in ('1', '−1') else 'points'}"


def spread(measure: Measure) -> str:
    """`−2 to 5`."""
    return f"{points(measure.low)} to {points(measure.high)}"


# Is it helping?


def helping(found: Baseline | None, *, n_answered: int, has_fit: bool, noun: str = "text") -> str:
    """The answer in one sentence, in every state."""
    if found is None:
        return _not_yet(n_answered, has_fit, noun)
    gap = found.advantage
    range_ = f"with {found.compared_from} to {found.reach} labels"
    if gap.low > 0:
        return (
            f"Choosing helps here: {range_}, the project’s models get {point_word(gap.value)} more "
            f"of the random {noun}s right than models of as many random labels ({spread(gap)})."
        )
    if gap.high < 0:
        less = Measure(-gap.value, -gap.high, -gap.low, gap.n)
        return (
            f"Choosing does not help here: {range_}, the project’s models get "
            f"{point_word(less.value)} fewer of the random {noun}s right than models of as many random "
            f"labels ({spread(less)})."
        )
    return (
        f"Not yet known whether choosing helps here: {range_}, the project’s models and models of as "
        f"many random labels are {point_word(gap.value)} apart, and {count(found.n, f'random {noun}')} "
        f"cannot tell that from chance ({spread(gap)})."
    )


def _not_yet(n_answered: int, has_fit: bool, noun: str) -> str:
    if n_answered < FEWEST_ANSWERS:
        answered = f"{n_answered:,} of the {FEWEST_ANSWERS} needed are answered"
        return f"Too few random {noun}s to say whether choosing helps here: {answered}."
    if has_fit:
        return "Not yet known whether choosing helps here: one of the next fits will look."
    return "Not yet known whether choosing helps here: there is no model yet."


def saved(found: Baseline, noun: str = "text") -> str:
    """Labels saved at the fixed place of the curve, or what keeps them from being told."""
    start = (
        f"What the project’s models got right with {found.saved_at} labels took random choice "
        f"{_about(found, found.needed.value)}"
    )
    if found.needed.value is None:
        return f"{start}: {_beyond(found, noun)}"
    n_saved = round(found.needed.value) - found.saved_at
    ends = f"{_saved_end(found, found.needed.low)} to {_saved_end(found, found.needed.high)}"
    if n_saved > 0:
        return f"{start}: {count(n_saved, 'label')} saved ({ends})."
    return f"{start}: none saved ({ends})."


def _beyond(found: Baseline, noun: str) -> str:
    at_least = found.reach - found.saved_at
    if found.needed.low is None:
        return (
            f"more than {count(at_least, 'label')} saved, and the random {noun}s cannot say how many "
            "more."
        )
    low = _saved_end(found, found.needed.low)
    return f"more than {count(at_least, 'label')} saved (it may be {low}); how many more, they cannot say."


def _saved_end(found: Baseline, needed: float | None) -> str:
    if needed is None:
        return f"more than {found.reach - found.saved_at}"
    or_fewer = " or fewer" if _reached_at_once(found, needed) else ""
    return f"{round(needed) - found.saved_at}{or_fewer}".replace("-", "−")


def _reached_at_once(found: Baseline, needed: float) -> bool:
    """Fewer random labels were not tried, so that fewer may do."""
    return needed <= found.compared_from


def _about(found: Baseline, needed: float | None) -> str:
    return _end(found, needed, about="about ")


def _end(found: Baseline, needed: float | None, *, about: str = "") -> str:
    if needed is None:
        return f"more than {found.reach}"
    return f"{'at most ' if _reached_at_once(found, needed) else about}{round(needed)}"


def needed_now(found: Baseline, noun: str = "text") -> str:
    """How many random labels the accuracy of that fit would have taken, as far as that is known."""
    if found.needed_now.value is None:
        return (
            f"For what fit {found.fit.pk} gets right more than {found.reach} random labels would have "
            f"been needed; the random {noun}s answered so far cannot say how many more."
        )
    low, high = (_end(found, end) for end in (found.needed_now.low, found.needed_now.high))
    needed = _about(found, found.needed_now.value)
    return (
        f"{needed[0].upper()}{needed[1:]} random labels alone ({low} to {high}) were right on "
        f"as many {noun}s as fit {found.fit.pk}: what was labelled beyond them shows no gain yet."
    )


# Enough labels?


@dataclass(frozen=True)
class Criterion:
    """One sign: its name, its state in words, what was found and what is wanted."""

    name: str
    state: str
    found: str


STATES = {True: "met", False: "not met", None: "not known yet"}


def next_labels(sign: Sign) -> str:
    """What the next labels may bring, "" while that is hidden."""
    if sign.value is None or sign.low is None or sign.high is None:
        return ""
    gain = Measure(sign.value, sign.low, sign.high, sign.n)
    if gain.value <= 0:
        return f"The next {NEXT_LABELS} labels are not expected to add anything ({spread(gain)} points)."
    return f"The next {NEXT_LABELS} labels are expected to add {point_word(gain.value)} ({spread(gain)})."


def verdict(advice: Advice) -> str:
    """What the three signs say together. A hint: it never stops anybody."""
    if advice.verdict == "enough":
        return "Further labels look unlikely to add much: all three signs are met (approximate)."
    states = [advice.interval.met, advice.stability.met, advice.gain.met]
    if advice.verdict == "more":
        n_against = states.count(False)
        verb = "speaks" if n_against == 1 else "speak"
        return f"More labels look worth it: {n_against} of 3 signs {verb} against stopping (approximate)."
    n_open = states.count(None)
    return (
        f"Too early to say whether the labels are enough: {n_open} of 3 signs cannot be told yet."
    )


def in_short(advice: Advice) -> str:
    """The adviser's one sentence for the top of the page, "" while it has nothing to say."""
    if advice.verdict == "enough":
        return f"{verdict(advice)} “Enough labels?” below names them."
    forecast = next_labels(advice.gain)
    return f"{forecast} Approximate: “Enough labels?” below says from what." if forecast else ""


def criteria(advice: Advice, noun: str = "text", *, of_sets: bool = False) -> list[Criterion]:
    """The three signs in words. `of_sets`: a text has any number of classes."""
    known = "The share of whole sets right" if of_sets else "Accuracy"
    return [
        Criterion(
            f"{known} is closely known",
            STATES[advice.interval.met],
            _width(advice.interval, noun),
        ),
        Criterion(
            "Predictions have settled",
            STATES[advice.stability.met],
            _kappa(advice.stability, noun, of_sets=of_sets),
        ),
        Criterion("Little is left to gain", STATES[advice.gain.met], _gain(advice.gain, noun)),
    ]


def _width(sign: Sign, noun: str) -> str:
    wanted = (
        f"Wanted: at most {points(NARROW)} points to each side, with the last {WINDOW} fits inside."
    )
    if sign.value is None:
        return f"No random {noun} has measured the newest fit. {wanted}"
    found = f"{points(sign.value)} points to each side, from {count(sign.n, f'random {noun}')}."
    return f"{found} {wanted}"


def _kappa(sign: Sign, noun: str, *, of_sets: bool) -> str:
    each = ", each class a yes or no" if of_sets else ""
    wanted = (
        f"Wanted: Cohen’s kappa of {STABLE_KAPPA} at least, the mean of {WINDOW} fits against the one "
        f"before, on the same pool {noun}s{each}."
    )
    if sign.value is None:
        return f"Two fits with different labels are needed to begin with. {wanted}"
    found = f"Kappa {sign.value:.3f} over {count(sign.n, 'pair')} of fits."
    return f"{found} {wanted}"


def _gain(sign: Sign, noun: str) -> str:
    wanted = f"Wanted: at most {points(SMALL_GAIN)} points at the upper end."
    if sign.value is None:
        return f"Told from {LEAST_LABELS} labels and answered random {noun}s on. {wanted}"
    basis = f"From what the second half of the labels added on {count(sign.n, f'random {noun}')}."
    return f"{next_labels(sign)} {basis} {wanted}"


# Confidence


def too_few_to_calibrate(n: int, noun: str) -> str:
    """What is said below `MIN_ANSWERS`."""
    here = f"{n:,} {'is' if n == 1 else 'are'} here"
    wanted = f"{MIN_ANSWERS} answered random {noun}s"
    return f"Whether the model is as sure as it should be is told from {wanted} on; {here}."


def calibration(found: Measured, noun: str = "text") -> list[str]:
    """Is it as sure as it should be?"""
    n = found.accuracy.n
    if n < MIN_ANSWERS:
        return [too_few_to_calibrate(n, noun)]
    sure = (
        f"The model is {percent(found.mean_confidence)} sure on average and right on "
        f"{percent(found.accuracy.value)} ({interval(found.accuracy)}) of {n:,} random {noun}s: "
        f"{_as_sure(found)}."
    )
    if found.error is None or found.error_by_chance is None:
        return [sure]
    return [sure, calibration_error(found.error, found.error_by_chance)]


def _as_sure(found: Measured) -> str:
    if found.mean_confidence > found.accuracy.high:
        return "it is too sure of itself"
    if found.mean_confidence < found.accuracy.low:
        return "it is less sure than it could be"
    return "as sure as it should be, as far as so many answers can tell"


def calibration_error(error: Measure, by_chance: Measure) -> str:
    """How far probabilities and what was true lie apart, and how far they would by chance."""
    return (
        f"Over the lines below the two lie {point_word(error.value)} apart ({spread(error)}; "
        f"expected calibration error). A model whose every probability is true would show "
        f"{point_word(by_chance.value)} on as few answers, at times {points(by_chance.high)}."
    )


# Classes and confusions


def weakest(classes: Sequence[tuple[LabelClass, Measure | None]], noun: str = "text") -> list[str]:
    """Which class is found least often, and of which nothing is known."""
    told = [(c, recall) for c, recall in classes if recall is not None and recall.n >= TOLD_FROM]
    sentences = []
    if told:
        label_class, recall = min(told, key=lambda row: row[1].value)
        sentences.append(
            f"“{label_class.name}” is found least often: {recall.n_right} of its "
            f"{count(recall.n, f'random {noun}')}, {between(recall)}."
        )
    else:
        sentences.append(
            f"No class has {TOLD_FROM} answered random {noun}s yet: too few to call one the weakest."
        )
    unknown = sum(recall is None for _, recall in classes)
    if unknown:
        has = "class has" if unknown == 1 else "classes have"
        sentences.append(f"{unknown} {has} no answered random {noun}: nothing is known of them.")
    return sentences


def worst_confusion(found: Measured, mistakes: Sequence[Cell], noun: str = "text") -> str:
    """The commonest mistake."""
    if not mistakes:
        return f"No mistake among {count(found.confusion.n, f'random {noun}')} so far."
    worst = mistakes[0]
    share = Measure(worst.share.value, worst.share.low, worst.share.high, worst.share.n)
    n_wrong = found.confusion.n - found.confusion.n_right
    return (
        f"{n_wrong:,} of {count(found.confusion.n, f'random {noun}')} "
        f"are taken for another class. Most often “{found.classes[worst.truth].name}” is called "
        f"“{found.classes[worst.said].name}”: {worst.n} of its {count(share.n, noun)}, {between(share)}."
    )

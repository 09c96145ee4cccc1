"""The sentences on top of the project page carry their uncertainty."""

import pytest

from learners.selectors.curve import Measure
from learners.selectors.progress import AuditProgress, ClassCount
from learners.views import sentences
from learners.views.sentences import NB
from projects.models import LabelClass
from tests.pages.worlds import point, wilson_by_hand

NO_STALE = AuditProgress(n_reserved=40, n_answered=26, n_skipped=0, n_stale=0)


def classes(**n_measuring: int) -> list[ClassCount]:
    return [
        ClassCount(LabelClass(name=name), n_labels=20, n_measuring=n, share=1.0)
        for name, n in n_measuring.items()
    ]


def said(**facts: object) -> str:
    return " ".join(
        sentences.particulars(point(**facts), NO_STALE, classes(earn=5, acq=5))  # type: ignore[arg-type]
    ).replace(NB, " ")


def test_a_model_without_random_answers_claims_nothing() -> None:
    assert sentences.headline(point(n_labels=12)) == (
        "At 12 labels there is a model, but no random text has been answered yet: "
        "nothing can be said of how good it is."
    )


def test_a_model_without_labels_is_said_to_come_from_the_names() -> None:
    assert sentences.headline(point(n_labels=0)) == (
        "At 0 labels there is a model, from the names of the classes alone: it chooses the first "
        "questions, and how good it is the random ones will show."
    )


def test_answers_older_than_a_class_are_not_said_to_be_none() -> None:
    because = "the random texts answered so far are older than “spam” and are being asked again"
    assert sentences.headline(point(n_labels=12, unmeasured_because=because)) == (
        "At 12 labels there is a model, but the random texts answered so far are older than “spam” "
        "and are being asked again: nothing can be said of how good it is."
    )


def test_one_random_answer_is_said_in_counts() -> None:
    # Wilson, 1 of 1: centre (1 + 1.92)/(1 + 3.84) = 0.603, half 0.397
    headline = sentences.headline(point(n_labels=10, accuracy=wilson_by_hand(1, 1)))
    assert headline == f"At 10 labels, 1 of 1 random text right: between 21 and 100{NB}%."


def test_twenty_six_random_answers_give_percent_interval_and_n() -> None:
    headline = sentences.headline(point(accuracy=wilson_by_hand(23, 26)))
    assert headline == (
        f"At 128 labels the model is right on 88{NB}% of texts (71–96{NB}%, 26 random texts)."
    )


def test_small_numbers_are_also_said_in_words_and_as_approximate() -> None:
    text = said(accuracy=wilson_by_hand(23, 26))
    assert "23 of 26 random texts right: between 71 and 96 %." in text
    assert "Approximate" in text


def test_all_right_is_not_said_to_be_certain() -> None:
    # Wilson, 26 of 26: low = 26 / (26 + 3.84) = 0.871
    headline = sentences.headline(point(accuracy=wilson_by_hand(26, 26)))
    assert f"right on 100{NB}% of texts (87–100{NB}%, 26 random texts)" in headline


def test_all_wrong_is_not_said_to_be_hopeless() -> None:
    # Wilson, 0 of 26: high = 3.84 / (26 + 3.84) = 0.129
    headline = sentences.headline(point(accuracy=wilson_by_hand(0, 26)))
    assert f"right on 0{NB}% of texts (0–13{NB}%, 26 random texts)" in headline


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0"), (0.0004, "0.1"), (0.004, "0.4"), (0.884, "88"), (0.9962, "99.6"), (1.0, "100")],
)
def test_nothing_and_everything_are_only_said_when_true(share: float, words: str) -> None:
    assert sentences.number(share) == words


def test_skips_stand_beside_n() -> None:
    text = said(accuracy=wilson_by_hand(23, 26), n_skipped=2)
    assert "2 more random texts were skipped and are not counted." in text


def test_macro_f1_is_withheld_and_says_which_class_lacks_answers() -> None:
    text = sentences.macro_f1(point(), classes(earn=9, acq=2, trade=0))
    assert text == (
        "Macro-F1 is withheld until every class has five answered random texts: "
        "“acq” has 2, “trade” has none."
    )


def test_many_short_classes_are_counted_instead_of_listed() -> None:
    text = sentences.macro_f1(point(), classes(**{f"c{n}": n % 3 for n in range(77)}))
    assert text.endswith("“c2” has 2, and 74 more classes have too few.")


def test_macro_f1_is_shown_with_its_interval() -> None:
    text = sentences.macro_f1(point(macro_f1=Measure(0.842, 0.701, 0.93, 60)), classes(earn=9))
    assert f"is 84{NB}% (70–93{NB}%)" in text


def test_a_bootstrap_without_width_is_not_sold_as_certainty() -> None:
    text = sentences.macro_f1(point(macro_f1=Measure(1.0, 1.0, 1.0, 22)), classes(earn=9))
    assert text.endswith("Resampling 22 answers of one kind shows no spread, which proves nothing.")


def test_answers_from_before_a_class_was_added_are_counted() -> None:
    audit = AuditProgress(40, 12, 0, n_stale=14, answered_again=12, stale_since="trade")
    assert sentences.answered_again(audit) == (
        "12 of 26 random texts answered again since “trade” was added; "
        "the other 14 measure nothing until then."
    )


def test_known_labels_are_counted_apart() -> None:
    assert "300 labels came with the data" in said(n_known=300)


def test_the_test_split_has_its_own_sentence() -> None:
    text = said(test_accuracy=Measure(0.84, 0.816, 0.861, 1000))
    assert "On the given test split it is right on 84 % of 1,000 texts (82–86 %)." in text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.84, "0.8 s"), (45, "45 s"), (720, "12 min"), (12_600, "3.5 h")]
)
def test_durations_have_no_more_digits_than_needed(seconds: float, words: str) -> None:
    assert sentences.duration(seconds).replace(NB, " ") == words

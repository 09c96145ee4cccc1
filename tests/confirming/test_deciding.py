"""What the answers say of a frozen model, when that decides it, and what stops a confirmation."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from learners.engine.anytime import anytime_interval
from learners.engine.errors import EmbedderUnavailable
from learners.models import ConfirmationCheck, Fit, FrozenPrediction
from learners.selectors.confirming import confidence, confirmed_words, interval_of, progress
from learners.services.checking import confirmations_to_check
from projects.models import Confirmation, Example, ProjectEvent
from projects.selectors.confirming import asked_in_order, error_rate_after
from projects.services.answering import change_label, skip
from projects.services.class_merging import merge_classes, retire_class
from projects.services.classes import ClassSpec, add_classes, change_class
from projects.services.confirming import Result, end_confirmation
from projects.services.refusals import Refused
from projects.services.undoing import undo
from tests.confirming.worlds import (
    answer_many,
    answer_next,
    check,
    fails,
    make_world,
    no,
    published,
    says,
    seeded_right,
    start,
    yes,
)
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import OTHER_TAB, answer, asked, sender

pytestmark = pytest.mark.django_db
Kind = ProjectEvent.Kind


def test_answers_are_counted_right_or_wrong_in_the_order_of_the_draw() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, False, True])
    assert check(confirmation).outcomes == "101"
    assert confirmation.result == ""
    assert interval_of(confirmation) == anytime_interval(2, 3)


def test_the_model_is_asked_only_about_texts_that_have_their_answer() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, True])
    asked(project, owner)  # before somebody's eyes
    seen: list[str] = []
    check(confirmation, says(asked_of=seen))
    check(confirmation, says(asked_of=seen))
    assert seen == ["text 0", "text 1"]


def test_it_ends_confirmed_when_the_interval_clears_the_target() -> None:
    project, fit, owner = make_world(n_audit=60)
    confirmation = start(project, fit, owner, target=0.8)
    answer_many(project, owner, [True] * 40)
    assert check(confirmation).result == Result.CONFIRMED
    low = anytime_interval(confirmation.n_right, confirmation.n).low
    before = anytime_interval(confirmation.n - 1, confirmation.n - 1).low
    assert before < 0.8 <= low
    assert confirmation.n < 40  # those after the deciding one do not count


def test_it_ends_below_when_the_upper_end_falls_under_the_target() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner, target=0.8)
    answer_many(project, owner, seeded_right(40, 0.3))
    assert check(confirmation).result == Result.BELOW
    assert anytime_interval(confirmation.n_right, confirmation.n).high <= 0.8


def test_the_decision_is_the_same_however_often_it_was_checked() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner, target=0.6)
    for ok in [True, True, False, *[True] * 30]:
        answer_many(project, owner, [ok])
        if check(confirmation).result:
            break
    n_watched = confirmation.n
    other_project, other_fit, grace = make_world_of("grace")
    other = start(other_project, other_fit, grace, target=0.6)
    answer_many(other_project, grace, [True, True, False, *[True] * 30])
    assert check(other).n == n_watched


def make_world_of(name: str) -> tuple[Any, Any, Any]:
    owner = make_user(name)
    project = make_project(owner=owner)
    make_examples(project, [f"text {n}" for n in range(60)], n_audit=60)
    return project, published(project), owner


def test_with_the_fresh_texts_used_up_it_ends_undecided() -> None:
    project, fit, owner = make_world(n_audit=6)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 6)
    assert check(confirmation).result == Result.USED_UP
    assert confirmation.n == 6


def test_an_answer_behind_an_open_text_waits_for_it() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    grace = make_user("grace")
    slow = asked(project, grace, tab=OTHER_TAB)
    answer_many(project, owner, [True, True])
    assert check(confirmation).outcomes == ""
    state = progress(confirmation, asked_in_order(confirmation, NOW))
    assert (state.n_answered, state.n_waiting, state.n_open_before) == (2, 2, 1)
    answer(project, grace, slow.example, no(project))
    assert check(confirmation).outcomes == "011"


def test_a_skip_stands_beside_n() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    skip(sender=sender(project, owner), example_id=asked(project, owner).example.pk)
    answer_many(project, owner, [True, False])
    check(confirmation)
    assert (confirmation.outcomes, confirmation.n_skipped) == ("10", 1)


def test_what_one_skipped_counts_when_another_answers_it() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    skip(sender=sender(project, owner), example_id=asked(project, owner).example.pk)
    answer_many(project, owner, [True])
    grace = make_user("grace")
    question = asked(project, grace, tab=OTHER_TAB)
    assert check(confirmation).outcomes == ""  # before her eyes now
    answer(project, grace, question.example, no(project))
    assert check(confirmation).outcomes == "01"


def test_an_undone_answer_does_not_count_and_is_asked_again() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, False])
    assert check(confirmation).outcomes == "10"
    undo(sender=sender(project, owner))
    assert check(confirmation).outcomes == "1"
    assert answer_next(project, owner, yes(project)).text == "text 1"
    assert check(confirmation).outcomes == "11"


def test_a_changed_answer_counts_as_it_stands() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    (example,) = answer_many(project, owner, [False])
    change_label(sender=sender(project, owner), example_id=example.pk, labels=[yes(project).pk])
    assert check(confirmation).outcomes == "1"


@pytest.mark.parametrize("change", ["added", "merged", "retired"])
def test_a_change_of_the_classes_makes_it_void_at_once(change: str) -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True])
    check(confirmation)
    if change == "added":
        spec = ClassSpec(name="perhaps", description="", colour=3, shortcut="", is_none=False)
        add_classes(actor=owner, project=project, specs=[spec], now=NOW)
    elif change == "merged":
        merge_classes(actor=owner, source=no(project), target=yes(project), now=NOW)
    else:
        retire_class(actor=owner, label_class=no(project), now=NOW)
    confirmation.refresh_from_db()
    assert (confirmation.result, confirmation.n) == (Result.VOID, 1)
    assert change in confirmation.because


def test_a_new_name_or_colour_of_a_class_does_not_make_it_void() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    spec = ClassSpec(name="Yes!", description="", colour=3, shortcut="1", is_none=False)
    change_class(actor=owner, label_class=yes(project), spec=spec, now=NOW)
    confirmation.refresh_from_db()
    assert confirmation.result == ""


def test_the_owner_can_end_it_and_its_answers_stay() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, False])
    check(confirmation)
    ended = end_confirmation(
        confirmation_id=confirmation.pk, result=Result.ENDED, actor=owner, now=NOW
    )
    confirmation.refresh_from_db()
    assert ended
    assert (confirmation.result, confirmation.outcomes) == (Result.ENDED, "10")
    assert Example.objects.filter(role="audit", settled=True).count() == 2


def test_it_ends_once() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    ends = [
        end_confirmation(confirmation_id=confirmation.pk, result=result, actor=owner, now=NOW)
        for result in (Result.ENDED, Result.VOID)
    ]
    assert ends == [True, False]
    assert ProjectEvent.objects.filter(kind=Kind.CONFIRMATION_ENDED).count() == 1


def test_the_ledger_holds_what_was_promised_and_what_came_of_it() -> None:
    project, fit, owner = make_world(n_audit=4)
    confirmation = start(project, fit, owner, share=0.5)
    answer_many_confirmed(project, owner, 4)
    check(confirmation)
    begun, ended = ProjectEvent.objects.filter(kind__startswith="confirmation").order_by("seq")
    assert begun.seq == confirmation.started_seq
    said = {name: begun.payload[name] for name in ("fit_id", "target", "share", "n_fresh")}
    assert said == {"fit_id": fit.pk, "target": 0.8, "share": 0.5, "n_fresh": 4}
    assert begun.payload["head_digest"] == confirmation.head_digest
    assert (ended.payload["result"], ended.payload["outcomes"]) == ("used_up", "1111")


def answer_many_confirmed(project: Any, owner: Any, n: int) -> None:
    """Answer until `n` texts of the confirmation have their answer, whatever comes in between."""
    for seed in range(60):
        answer_next(project, owner, yes(project), seed=seed)
        if Example.objects.filter(role="audit", settled=True).count() == n:
            return
    raise AssertionError("the fresh texts were not asked")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": 1.0}, "between 0 and 100"),
        ({"target": 0.0}, "between 0 and 100"),
        ({"share": 0.0}, "above 0"),
        ({"share": 1.5}, "above 0"),
    ],
)
def test_a_target_or_share_that_cannot_be_is_refused(wrong: Any, words: str) -> None:
    project, fit, owner = make_world()
    with pytest.raises(Refused, match=words):
        start(project, fit, owner, **wrong)
    assert not Confirmation.objects.exists()


def test_a_second_one_is_refused_while_one_runs_and_leaves_no_file() -> None:
    project, fit, owner = make_world()
    start(project, fit, owner)
    with pytest.raises(Refused, match="running already"):
        start(project, fit, owner)
    assert len(default_storage.listdir(f"frozen/{project.pk}")[1]) == 1


def test_without_a_fresh_text_it_is_refused() -> None:
    project, fit, owner = make_world(n_audit=0)
    with pytest.raises(Refused, match="No fresh random text is left"):
        start(project, fit, owner)


def test_a_fit_whose_file_is_gone_cannot_be_frozen() -> None:
    project, fit, owner = make_world()
    default_storage.delete(fit.head_file)
    with pytest.raises(Refused, match="is gone from the storage"):
        start(project, fit, owner)


def test_a_fit_that_was_not_published_cannot_be_frozen() -> None:
    project, fit, owner = make_world()
    fit.status = Fit.Status.FAILED
    with pytest.raises(Refused, match="was not published"):
        start(project, fit, owner)


def test_the_frozen_model_outlives_the_fits_own_file() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    default_storage.delete(fit.head_file)
    answer_many(project, owner, [True])
    assert check(confirmation).outcomes == "1"


def test_a_frozen_model_that_is_gone_is_said_and_the_answers_are_kept() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True])
    default_storage.delete(confirmation.head_file)
    check(confirmation)
    assert "is gone from the storage" in ConfirmationCheck.objects.get().error
    assert confirmation.result == ""


def test_a_file_that_holds_another_model_is_not_used() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    Confirmation.objects.update(head_digest="0" * 64)
    answer_many(project, owner, [True])
    check(confirmation)
    assert "not the one that was frozen" in ConfirmationCheck.objects.get().error


def test_with_the_embedder_away_it_waits_and_goes_on_by_itself() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True])
    check(confirmation, fails(EmbedderUnavailable("no weights")))
    assert ConfirmationCheck.objects.get().error == "no weights"
    assert confirmations_to_check(NOW + timedelta(seconds=10)) == []
    later = NOW + timedelta(seconds=40)
    assert confirmations_to_check(later) == [confirmation.pk]
    assert check(confirmation, now=later).outcomes == "1"
    assert ConfirmationCheck.objects.get().error == ""


def test_it_is_checked_again_once_something_happened() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    assert confirmations_to_check(NOW) == [confirmation.pk]
    check(confirmation)
    assert confirmations_to_check(NOW) == []
    answer_many(project, owner, [True])
    assert confirmations_to_check(NOW) == [confirmation.pk]


def test_predictions_lost_are_made_again() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, False])
    check(confirmation)
    FrozenPrediction.objects.all().delete()
    ConfirmationCheck.objects.all().delete()
    assert check(confirmation).outcomes == "10"


def test_what_was_confirmed_is_said_in_words_of_guarantee_and_the_zip_is_packed_anew() -> None:
    project, fit, owner = make_world()
    Fit.objects.update(bundle_file=default_storage.save("bundles/x.zip", _file()))
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 40)
    check(confirmation)
    fit.refresh_from_db()
    assert fit.bundle_file == ""
    assert "With 95 % confidence, however often one looked" in confirmed_words(fit).replace(
        "\u00a0", " "
    )


def _file() -> Any:
    return ContentFile(b"zip")


def test_a_model_that_was_not_confirmed_is_promised_nothing() -> None:
    project, fit, owner = make_world(n_audit=3)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 3)
    check(confirmation)
    assert confirmed_words(fit) == ""


def test_each_further_try_of_a_model_has_half_the_error_rate() -> None:
    project, fit, owner = make_world()
    rates = []
    for _ in range(3):
        confirmation = start(project, fit, owner)
        rates.append(confirmation.error_rate)
        end_confirmation(confirmation_id=confirmation.pk, result=Result.ENDED, now=NOW)
    assert rates == [0.05, 0.025, 0.0125]


def test_the_same_model_fitted_again_counts_as_tried_and_another_one_does_not() -> None:
    project, fit, owner = make_world()
    first = start(project, fit, owner)
    end_confirmation(confirmation_id=first.pk, result=Result.ENDED, now=NOW)
    again = start(project, published(project), owner)
    end_confirmation(confirmation_id=again.pk, result=Result.ENDED, now=NOW)
    other = start(project, published(project, content=b"another model"), owner)
    assert (again.error_rate, other.error_rate) == (0.025, 0.05)


def test_what_decides_a_first_try_need_not_decide_a_second() -> None:
    project, fit, owner = make_world()
    n = next(n for n in range(1, 60) if anytime_interval(n, n).low > 0.8)
    end_confirmation(confirmation_id=start(project, fit, owner).pk, result=Result.ENDED, now=NOW)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * n)
    assert check(confirmation).result == ""
    answer_many(project, owner, [True] * 5)
    assert check(confirmation).result == "confirmed"


@pytest.mark.parametrize(("n_tries", "said"), [(0, "95%"), (1, "97.5%"), (3, "99.37%")])
def test_confidence_is_never_rounded_up(n_tries: int, said: str) -> None:
    assert confidence(error_rate_after(n_tries)) == said

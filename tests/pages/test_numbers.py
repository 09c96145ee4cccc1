"""The tabs below the curve over HTTP: what each says in each state."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from learners.models import Fit
from learners.selectors.curve import Measure
from learners.views.numbers import TABS
from projects.models import LabelClass, Project, User
from tests.factories import make_user
from tests.pages.worlds import (
    add_audit_predictions,
    add_pool_predictions,
    add_random_baseline,
    add_score,
    labelled_project,
    make_fit,
    worker_is_running,
)

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user, backend=BACKEND)
    worker_is_running(timezone.now())
    return user


@pytest.fixture
def project(owner: User) -> Project:
    return labelled_project(owner)


@pytest.fixture
def fit(project: Project) -> Fit:
    return make_fit(project, n_labels=60, right=(30, 40))


def words(client: Client, project: Project, tab: str) -> str:
    """What stands in the open tab, without tags."""
    response = client.get(f"/projects/{project.pk}/?tab={tab}")
    assert response.status_code == 200
    html = response.content.decode().replace("\u00a0", " ")
    part = html.split('id="live-numbers">')[1].split("</section>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).strip()


def two(project: Project) -> tuple[LabelClass, LabelClass]:
    yes, no = project.label_classes.order_by("pk")
    return yes, no


def confused(project: Project, fit: Fit, *, confidence: float = 0.8) -> None:
    """Forty random texts: of twenty "yes" 18 are found, of twenty "no" 12."""
    yes, no = two(project)
    pairs = [(yes, yes)] * 18 + [(yes, no)] * 2 + [(no, no)] * 12 + [(no, yes)] * 8
    add_audit_predictions(fit, pairs, confidence=confidence)


@pytest.mark.parametrize("tab", [tab.name for tab in TABS if not tab.of_tables])
def test_before_the_first_fit_every_tab_says_what_it_waits_for(
    client: Client, project: Project, tab: str
) -> None:
    text = words(client, project, tab)
    assert re.search(r"no model yet|Too few|Too early|No fit has been tried", text), text


@pytest.mark.parametrize("tab", ["classes", "confusion", "calibration"])
def test_a_fit_that_kept_nothing_says_so(
    client: Client, project: Project, fit: Fit, tab: str
) -> None:
    assert "made before Labeler kept this; the next fit will tell" in words(client, project, tab)


def test_a_fit_without_random_answers_says_why_nothing_is_known(
    client: Client, project: Project
) -> None:
    make_fit(project, n_labels=10)
    assert "Nothing can be told yet: no random text has been answered yet." in words(
        client, project, "classes"
    )


def test_the_weakest_class_is_named_with_its_interval(
    client: Client, project: Project, fit: Fit
) -> None:
    confused(project, fit)
    text = words(client, project, "classes")
    assert "“no” is found least often: 12 of its 20 random texts, between 39 and 78 %." in text
    assert "90 % (70–97 %) 20 69 % (50–83 %) 26" in text  # 18 of 20; 18 of the 26 called "yes"


def test_few_answers_of_a_class_call_none_the_weakest(
    client: Client, project: Project, fit: Fit
) -> None:
    yes, _ = two(project)
    add_audit_predictions(fit, [(yes, yes)] * 3)
    text = words(client, project, "classes")
    assert "No class has 5 answered random texts yet" in text
    assert "1 class has no answered random text" in text


def test_the_matrix_counts_first_and_tells_each_share(
    client: Client, project: Project, fit: Fit
) -> None:
    confused(project, fit)
    text = words(client, project, "confusion")
    assert "10 of 40 random texts are taken for another class." in text
    assert "“no” is called “yes”: 8 of its 20 texts, between 22 and 61 %." in text
    assert "yes 18 90 % (70–97 %) 2 10 % (3–30 %) 20" in text


def test_no_mistake_is_said_as_such(client: Client, project: Project, fit: Fit) -> None:
    yes, no = two(project)
    add_audit_predictions(fit, [(yes, yes), (no, no)])
    assert "No mistake among 2 random texts so far." in words(client, project, "confusion")


def test_many_classes_are_a_list_of_confusions_not_a_grid(
    client: Client, project: Project, fit: Fit
) -> None:
    many = [project.label_classes.create(name=f"kind {n}", position=n + 3) for n in range(75)]
    add_audit_predictions(fit, [(many[0], many[1])] * 3 + [(c, c) for c in many])
    response = client.get(f"/projects/{project.pk}/?tab=confusion").content.decode()
    assert 'id="confusion-table"' not in response
    assert "kind 0 kind 1 3 4 75 % (30–95 %)" in words(client, project, "confusion")


def test_a_retired_class_that_still_measures_keeps_its_name(
    client: Client, project: Project, fit: Fit
) -> None:
    confused(project, fit)
    LabelClass.objects.filter(project=project, name="no").update(retired_at=timezone.now())
    assert "“no” is called “yes”" in words(client, project, "confusion")


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (0.97, "too sure of itself"),
        (0.755, "as sure as it should be"),
        (0.5, "less sure than it could be"),
    ],
)
def test_confidence_is_held_against_what_was_right(
    client: Client, project: Project, fit: Fit, confidence: float, said: str
) -> None:
    confused(project, fit, confidence=confidence)
    text = words(client, project, "calibration")
    assert said in text
    assert "75 % (60–86 %) of 40 random texts" in text


def test_the_calibration_error_stands_beside_what_chance_would_show(
    client: Client, project: Project, fit: Fit
) -> None:
    confused(project, fit)
    add_score(fit, "ece", Measure(0.08, 0.05, 0.16, 40))
    add_score(fit, "ece_by_chance", Measure(0.06, 0, 0.11, 40))
    text = words(client, project, "calibration")
    assert "lie 8 points apart (5 to 16; expected calibration error)" in text
    assert "would show 6 points on as few answers, at times 11." in text


def test_few_answers_tell_nothing_of_confidence(client: Client, project: Project, fit: Fit) -> None:
    yes, no = two(project)
    add_audit_predictions(fit, [(yes, no)] * 12)
    text = words(client, project, "calibration")
    assert text == (
        "Whether the model is as sure as it should be is told from 30 answered random texts on; "
        "12 are here."
    )


def test_choosing_that_helps_says_by_how_much(client: Client, project: Project, fit: Fit) -> None:
    add_random_baseline(fit)
    text = words(client, project, "helping")
    assert "Choosing helps here: with 8 to 40 labels" in text
    assert "14 points more of the random texts right" in text
    assert "(3 to 25)" in text
    assert "16 labels took random choice about 34: 18 labels saved (2 to more than 24)." in text
    assert (
        f"For what fit {fit.pk} gets right more than 40 random labels would have been needed"
        in text
    )
    assert "64 % (50–76 %)" in text  # 32 of 50


def test_choosing_that_does_not_help_is_said_as_plainly(
    client: Client, project: Project, fit: Fit
) -> None:
    add_random_baseline(
        fit, advantage=(-0.08, -0.15, -0.01), needed=(8.0, 8.0, 15.0), needed_now=(30.0, 20.0, None)
    )
    text = words(client, project, "helping")
    assert "Choosing does not help here" in text
    assert (
        "8 points fewer of the random texts right than models of as many random labels (1 to 15)"
        in text
    )
    assert "took random choice at most 8: none saved (−8 or fewer to −1)." in text
    assert "About 30 random labels alone (20 to more than 40)" in text


def test_what_the_fewest_random_labels_tried_already_reach_is_an_upper_bound(
    client: Client, project: Project, fit: Fit
) -> None:
    add_random_baseline(fit, needed=(8.0, 8.0, 8.0), needed_now=(8.0, 8.0, 16.0))
    text = words(client, project, "helping")
    assert "took random choice at most 8: none saved (−8 or fewer to −8 or fewer)." in text
    assert "At most 8 random labels alone (at most 8 to 16) were right" in text


def test_what_cannot_be_told_from_chance_is_not_yet_known(
    client: Client, project: Project, fit: Fit
) -> None:
    add_random_baseline(fit, advantage=(0.02, -0.05, 0.09), needed=(None, 20.0, None))
    text = words(client, project, "helping")
    assert "Not yet known whether choosing helps here" in text
    assert "50 random texts cannot tell that from chance (−5 to 9)" in text
    assert "more than 40: more than 24 labels saved (it may be 4)" in text


def test_few_random_texts_are_too_few_to_say(client: Client, project: Project, fit: Fit) -> None:
    text = words(client, project, "helping")
    assert "Too few random texts to say whether choosing helps here: 4 of the 24" in text


def test_the_signs_that_labels_are_enough_are_named_with_their_state(
    client: Client, project: Project
) -> None:
    for n_labels in (60, 70, 80, 90):
        fit = make_fit(project, n_labels=n_labels, right=(900, 1000))
        add_pool_predictions(fit, [1, 2] * 50)
    add_score(fit, "gain_50", Measure(0.004, -0.006, 0.014, 100))
    text = words(client, project, "enough")
    assert "all three signs are met (approximate)" in text
    assert text.count(" met ") == 4
    assert "The next 50 labels are expected to add 0.4 points (−0.6 to 1.4)." in text
    assert "Kappa 1.000 over 3 pairs of fits." in text


def test_one_sign_against_stopping_is_counted(client: Client, project: Project, fit: Fit) -> None:
    text = words(client, project, "enough")
    assert "More labels look worth it: 1 of 3 signs speaks against stopping" in text
    assert "13 points to each side, from 40 random texts." in text


def test_a_fit_asked_for_again_does_not_count_as_agreement(
    client: Client, project: Project
) -> None:
    for _ in range(4):
        add_pool_predictions(make_fit(project, n_labels=60, right=(9, 10)), [1, 2])
    assert "Two fits with different labels are needed" in words(client, project, "enough")


def test_the_curve_has_random_choice_as_a_dashed_line(
    client: Client, project: Project, fit: Fit
) -> None:
    add_random_baseline(fit)
    spec = client.get(f"/projects/{project.pk}/curve.json").json()
    rows = [row for row in spec["data"]["values"] if row["series"] == "random, this project"]
    assert [(row["n_labels"], row["value"]) for row in rows] == [
        (8, 0.4), (16, 0.48), (32, 0.56), (40, 0.6),
    ]  # fmt: skip


@pytest.mark.parametrize(("tab", "n_rows"), [("helping", 8), ("classes", 2), ("calibration", 4)])
def test_a_picture_holds_the_numbers_of_the_table(
    client: Client, project: Project, fit: Fit, tab: str, n_rows: int
) -> None:
    confused(project, fit)
    add_random_baseline(fit)
    spec = client.get(f"/projects/{project.pk}/numbers/{tab}.json").json()
    assert len(spec["data"]["values"]) == n_rows


@pytest.mark.parametrize("tab", ["helping", "classes", "calibration", "confusion", "nonsense"])
def test_there_is_no_picture_of_nothing(client: Client, project: Project, tab: str) -> None:
    assert client.get(f"/projects/{project.pk}/numbers/{tab}.json").status_code == 404


def test_a_tab_alone_is_a_fragment_and_marks_itself(client: Client, project: Project) -> None:
    answer = client.get(f"/projects/{project.pk}/numbers/fits/", headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<html" not in html
    assert re.findall(r'id="tab-(\w+)"[^>]*aria-current', html) == ["fits"]


def test_the_address_of_a_fragment_leads_to_the_page(client: Client, project: Project) -> None:
    answer = client.get(f"/projects/{project.pk}/numbers/fits/")
    assert answer["Location"] == f"/projects/{project.pk}/?tab=fits"


def test_a_tab_that_is_none_is_not_found(client: Client, project: Project) -> None:
    assert client.get(f"/projects/{project.pk}/numbers/nonsense/").status_code == 404


def test_strict_measuring_is_said(client: Client, project: Project, fit: Fit) -> None:
    Fit.objects.update(strict_audit=True)
    confused(project, fit)
    assert "Strict: random texts only measure and never train" in words(client, project, "classes")

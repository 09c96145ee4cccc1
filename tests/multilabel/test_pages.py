"""The lead's pages where a text has any number of classes: sentences, curve, tabs, list, files."""

import csv
import io
import re

import pytest
from django.test import Client

from learners.models import Fit
from learners.selectors.curve import CurvePoint, Measure, SetPoint
from learners.selectors.progress import AuditProgress
from learners.views import set_sentences
from projects.models import LabelClass, Project, User
from projects.reading.labels import labels_of
from tests.factories import NOW, make_examples, make_user
from tests.machine.worlds import embed_all, fit
from tests.multilabel.worlds import make_mixed_world, make_multilabel, say, tell

pytestmark = pytest.mark.django_db
NOBODY = AuditProgress(n_reserved=0, n_answered=0, n_skipped=0, n_stale=0)


def point(**sets: Measure) -> CurvePoint:
    return CurvePoint(
        fit_id=1,
        upto_seq=1,
        n_labels=128,
        n_known=0,
        n_skipped=0,
        strategy="Random",
        seconds=None,
        at=NOW,
        accuracy=None,
        macro_f1=None,
        test_accuracy=None,
        test_macro_f1=None,
        note="",
        unmeasured_because="",
        newest_here=True,
        sets=SetPoint(**sets),
    )


def measure(value: float, n: int = 40) -> Measure:
    return Measure(value, value - 0.1, value + 0.1, n)


def measured_project() -> tuple[Project, User]:
    project, examples, user = make_mixed_world(80)
    embed_all(project)
    tell(examples[:50], user)
    found = fit(project)
    assert found is not None
    assert found.status == Fit.Status.PUBLISHED, found.error
    project.refresh_from_db()
    return project, user


def test_the_headline_says_micro_f1_in_words() -> None:
    said = set_sentences.headline(
        point(
            micro_f1=measure(0.77),
            micro_recall=measure(0.8),
            micro_precision=measure(0.75),
            exact_match=measure(0.5),
        )
    )
    assert "finds 80\u00a0% of the classes that people give texts" in said
    assert "75\u00a0% of those it gives are right" in said
    assert "micro-F1 77\u00a0% (67–87\u00a0%, 40 random texts)" in said


def test_few_random_texts_are_counted_whole() -> None:
    said = set_sentences.headline(point(exact_match=Measure(0.75, 0.3, 0.95, 4)))
    assert "3 of 4 random texts got exactly the right classes: between 30 and 95" in said


def test_without_random_texts_nothing_is_said_of_how_good_it_is() -> None:
    assert "nothing can be said of how good it is" in set_sentences.headline(point())
    assert not any("exactly" in said for said in set_sentences.particulars(point(), NOBODY, []))


def test_the_lead_sees_sets_everywhere(client: Client) -> None:
    project, user = measured_project()
    client.force_login(user)
    page = client.get(f"/projects/{project.pk}/").content.decode()
    assert "of the classes that people give texts" in page
    assert "Micro-F1 against labels" in page
    assert "Whole sets right" in page
    assert 'tab=classes"' in page
    assert "tab=confusion" not in page
    assert "micro-F1" in client.get("/").content.decode()
    series = {
        row["series"]
        for row in client.get(f"/projects/{project.pk}/curve.json").json()["data"]["values"]
    }
    assert series >= {"micro-F1", "whole sets right"}
    (row,) = csv.DictReader(
        io.StringIO(client.get(f"/projects/{project.pk}/curve.csv").content.decode())
    )
    assert (row["accuracy"], row["micro_f1_n"]) == ("", "20")
    assert client.get(f"/projects/{project.pk}/model/").status_code == 200


def test_each_class_is_measured_by_itself(client: Client) -> None:
    project, user = measured_project()
    client.force_login(user)
    page = client.get(f"/projects/{project.pk}/?tab=classes").content.decode()
    assert "Recall and precision by class" in page
    spec = client.get(f"/projects/{project.pk}/numbers/classes.json")
    assert spec.status_code == 200


def test_labels_in_csv_can_be_taken_apart_again(client: Client) -> None:
    ada = make_user()
    project = make_multilabel(ada, classes=("late; very", "back\\slash", "=rude"))
    texts = make_examples(project, ["one", "two", "three"])
    names = ["late; very", "back\\slash"]
    say(project, ada, texts[0], *names)
    say(project, ada, texts[1])
    say(project, ada, texts[2], "=rude")
    client.force_login(ada)
    content = b"".join(client.get(f"/projects/{project.pk}/labels.csv").streaming_content)  # type: ignore[attr-defined]
    cells = [row["labels"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    assert cells == ["late\\; very; back\\\\slash", "", "'=rude"]
    assert labels_of(cells[0], ";") == names


def test_labels_in_json_are_lists(client: Client) -> None:
    ada = make_user()
    project = make_multilabel(ada)
    texts = make_examples(project, ["one", "two"])
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1])
    client.force_login(ada)
    content = b"".join(client.get(f"/projects/{project.pk}/labels.jsonl").streaming_content)  # type: ignore[attr-defined]
    assert b'"labels": ["late", "rude"]' in content
    assert b'"labels": []' in content
    ledger = b"".join(client.get(f"/projects/{project.pk}/ledger.jsonl").streaming_content)  # type: ignore[attr-defined]
    assert b'"labels": ["late", "rude"]' in ledger


def test_only_fitting_strategies_and_classifiers_are_offered(client: Client) -> None:
    ada = make_user()
    project = make_multilabel(ada)
    client.force_login(ada)
    page = client.get(f"/projects/{project.pk}/settings/learning/").content.decode()
    assert 'value="multilabel_max_loss"' in page
    assert 'value="margin"' not in page
    assert 'value="one_vs_rest"' in page
    assert 'value="lda"' not in page


def test_the_settings_say_what_an_answer_is(client: Client) -> None:
    ada = make_user()
    project = make_multilabel(ada)
    client.force_login(ada)
    page = client.get(f"/projects/{project.pk}/settings/").content.decode()
    assert "An answer here is any number of classes a text, none included." in page


def test_retiring_says_what_becomes_of_the_sets(client: Client) -> None:
    ada = make_user()
    project = make_multilabel(ada)
    texts = make_examples(project, ["one", "two"])
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1], "rude")
    client.force_login(ada)
    rude = LabelClass.objects.get(name="rude")
    page = client.get(f"/projects/{project.pk}/settings/classes/{rude.pk}/").content.decode()
    assert "2 answers stand without it, 1 of them as “none of these”" in page
    assert "stands for “none of these”" not in page
    done = client.post(f"/projects/{project.pk}/settings/classes/{rude.pk}/retire/", follow=True)
    assert "2 answers stand without it" in done.content.decode()


def words(client: Client, project: Project, tab: str) -> str:
    """What stands in the open tab, without tags."""
    html = client.get(f"/projects/{project.pk}/?tab={tab}").content.decode().replace("\u00a0", " ")
    part = html.split('id="live-numbers">')[1].split("</section>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).strip()


def long_measured_project() -> tuple[Project, User]:
    """Forty random texts and thirty others, answered in two fits."""
    project, examples, user = make_mixed_world(120, n_audit=40)
    embed_all(project)
    for part in (examples[20:50], [*examples[:20], *examples[50:70]]):
        tell(part, user)
        found = fit(project)
        assert found is not None
        assert found.status == Fit.Status.PUBLISHED, found.error
    project.refresh_from_db()
    return project, user


def test_every_tab_tells_of_sets(client: Client) -> None:
    project, user = long_measured_project()
    client.force_login(user)
    helping = words(client, project, "helping")
    assert "one class too many or too few makes it wrong" in helping
    assert "40 random texts" in helping
    enough = words(client, project, "enough")
    assert "The share of whole sets right is closely known" in enough
    assert "each class a yes or no" in enough
    assert "Confirm this model" in enough
    calibration = words(client, project, "calibration")
    assert "Each of 40 random texts was asked of 2 classes" in calibration
    assert "expected calibration error" in calibration
    assert "n counts those" in calibration


def test_each_picture_is_of_sets(client: Client) -> None:
    project, user = long_measured_project()
    client.force_login(user)
    for tab, words_in_it in {
        "helping": "random labels",
        "calibration": "the text has the class",
        "classes": "found of its random texts",
    }.items():
        spec = client.get(f"/projects/{project.pk}/numbers/{tab}.json")
        assert spec.status_code == 200, tab
        assert words_in_it in spec.content.decode()
    curve = client.get(f"/projects/{project.pk}/curve.json").json()["data"]["values"]
    assert "random, this project" not in {row["series"] for row in curve}


def test_before_the_first_fit_every_tab_says_what_it_waits_for(client: Client) -> None:
    project, _, user = make_mixed_world(20)
    client.force_login(user)
    for tab in ("helping", "classes", "calibration", "enough", "fits"):
        said = words(client, project, tab)
        assert re.search(r"no model yet|Too few|Too early|No fit has been tried", said), said


def test_few_random_texts_are_too_few_to_weigh_probabilities(client: Client) -> None:
    project, user = measured_project()
    client.force_login(user)
    assert "from 30 answered random texts on; 20 are here" in words(client, project, "calibration")


def test_an_old_address_of_confusions_says_where_to_look(client: Client) -> None:
    project, user = measured_project()
    client.force_login(user)
    assert "each class is a yes or no of its own" in words(client, project, "confusion")
    assert client.get(f"/projects/{project.pk}/numbers/confusion.json").status_code == 404

"""What a project learns with: offered, changed, refused, marked, and the default of new projects."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.urls import reverse

from labeler.strategy_sentences import STRATEGY_SENTENCES
from learners.engine.features import FEATURES
from learners.engine.heads import HEADS
from learners.engine.recipes import DEFAULT
from learners.engine.strategies import STRATEGIES
from learners.models import FitRequest
from learners.selectors.curve import curve, curve_marks
from learners.selectors.status import project_status
from learners.services.heartbeat import show_life
from projects.models import Project, User
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from tests.creating.helpers import imported
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.pages.worlds import make_fit
from tests.settings.forms import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def change(project: Project, owner: User, **changes: Any) -> list[str]:
    return change_settings(actor=owner, project=project, changes=changes, now=NOW)


def test_a_new_project_learns_with_the_measured_default() -> None:
    assert {
        "strategy": DEFAULT.strategy,
        "head": DEFAULT.head,
        "features": DEFAULT.features,
        "label_names": DEFAULT.label_names,
    } == settings.LABELER_NEW_PROJECT


def test_a_created_project_has_the_default_and_the_ledger_says_so() -> None:
    project = imported("text\nfirst one\nsecond one\n")[0]
    for name, value in settings.LABELER_NEW_PROJECT.items():
        assert getattr(project, name) == value
        assert project.events.get(kind="created").payload[name] == value


def test_projects_from_before_keep_learning_as_they_did(project: Project) -> None:
    columns = ("strategy", "head", "features", "label_names", "strict_audit")
    found = tuple(getattr(project, name) for name in columns)
    assert found == ("margin", "logistic", "minilm", False, False)


def test_the_page_offers_the_registered_heads_and_features() -> None:
    assert {kind.name: kind.label for kind in HEADS} == settings.LABELER_HEAD_LABELS
    assert {kind.name: kind.label for kind in FEATURES} == settings.LABELER_FEATURES_LABELS


def test_the_page_says_of_each_strategy_what_the_registry_says() -> None:
    assert {s.name: s.description for s in STRATEGIES} == STRATEGY_SENTENCES


def test_every_choice_has_a_sentence(page: Client, project: Project) -> None:
    html = page.get(reverse("project-learning", args=[project.pk])).content
    options = BeautifulSoup(html, "html.parser").select(".option")
    assert len(options) > 20
    assert all(len(option.select_one(".quiet-text").get_text()) > 20 for option in options)  # type: ignore[union-attr]


def test_each_changed_choice_is_an_event_with_old_and_new(page: Client, project: Project) -> None:
    url = reverse("project-learning", args=[project.pk])
    chosen = {"strategy": "entropy", "features": "minilm+lsi", "label_names": "on"}
    page.post(url, {**form_of(page, url), **chosen})
    names = ("setting", "old", "new")
    said = [(e.kind, *(e.payload[name] for name in names)) for e in project.events.all()]
    assert said == [
        ("strategy_changed", "strategy", "margin", "entropy"),
        ("settings_changed", "features", "minilm", "minilm+lsi"),
        ("settings_changed", "label_names", False, True),
    ]


def test_a_switch_is_switched_off_again(page: Client, project: Project) -> None:
    Project.objects.update(label_names=True)
    url = reverse("project-learning", args=[project.pk])
    form = form_of(page, url)
    assert form.pop("label_names") == "on"
    page.post(url, form)
    assert Project.objects.get().label_names is False


def test_saving_an_untouched_page_changes_nothing(page: Client, project: Project) -> None:
    url = reverse("project-learning", args=[project.pk])
    page.post(url, form_of(page, url))
    assert not project.events.exists()


@pytest.mark.parametrize("field", ["strategy", "head", "features"])
def test_a_choice_that_there_is_not_is_refused(page: Client, project: Project, field: str) -> None:
    url = reverse("project-learning", args=[project.pk])
    response = page.post(url, {**form_of(page, url), field: "telepathy"})
    assert response.status_code == 422
    assert "valid choice" in response.content.decode()


def test_a_strategy_for_small_pools_is_refused_for_a_larger_one(
    project: Project, owner: User
) -> None:
    Project.objects.update(n_pool=60_000)
    with pytest.raises(Refused, match="is for pools of up to 5,000 texts, and this one has 60,000"):
        change(project, owner, strategy="expected_error")
    assert Project.objects.get().strategy == "margin"


@pytest.mark.parametrize(("n_pool", "is_offered"), [(5_000, True), (5_001, False)])
def test_a_strategy_for_small_pools_is_offered_for_those_only(
    page: Client, project: Project, n_pool: int, is_offered: bool
) -> None:
    Project.objects.update(n_pool=n_pool)
    url = reverse("project-learning", args=[project.pk])
    assert ("Expected error reduction" in page.get(url).content.decode()) is is_offered


def test_a_pool_that_outgrew_its_strategy_keeps_it_and_says_so(
    page: Client, project: Project, owner: User
) -> None:
    change(project, owner, strategy="expected_error")
    Project.objects.update(n_pool=60_000)
    url = reverse("project-learning", args=[project.pk])
    assert form_of(page, url)["strategy"] == "expected_error"
    said = [banner.text for banner in project_status(Project.objects.get(), NOW).banners]
    assert any("“Expected error reduction” is for pools of up to 5,000" in text for text in said)


def test_a_strategy_for_small_pools_serves_a_small_one(project: Project, owner: User) -> None:
    assert change(project, owner, strategy="expected_error") == ["strategy"]


def test_a_strategy_for_many_classes_a_text_is_not_for_one(project: Project, owner: User) -> None:
    with pytest.raises(Refused, match="not for texts with one class each"):
        change(project, owner, strategy="multilabel_max_loss")


@pytest.mark.parametrize("changes", [{"features": "table"}, {"head": "tree"}])
def test_what_is_for_tables_is_not_for_texts(
    project: Project, owner: User, changes: dict[str, str]
) -> None:
    with pytest.raises(Refused, match=r"not features of texts|not for texts"):
        change(project, owner, **changes)


def test_the_curve_marks_where_it_changed(project: Project, owner: User) -> None:
    make_fit(project, n_labels=10)
    change(project, owner, strategy="entropy", head="logistic", label_names=True)
    change(project, owner, strict_audit=True, features="minilm+lsi", batch_size=20)
    project.refresh_from_db()
    assert [mark.text for mark in curve_marks(project, curve(project.pk))] == [
        "strategy changed to Entropy",
        "names of the classes train",
        f"features changed to {settings.LABELER_FEATURES_LABELS['minilm+lsi']}",
        "answers to random texts no longer train",
    ]


def test_one_click_on_the_project_page_changes_the_strategy_and_asks_for_a_fit(
    page: Client, project: Project, owner: User
) -> None:
    examples = make_examples(project, ["one", "two"])
    for example, label_class in zip(examples, project.label_classes.all(), strict=True):
        make_label(example, label_class, owner)
    from django.utils import timezone

    show_life(name="worker a:1", kind="worker", now=timezone.now())
    html = page.get(reverse("project", args=[project.pk])).content
    form = BeautifulSoup(html, "html.parser").select_one(".strategy-form")
    assert form is not None
    response = page.post(str(form["action"]), {"strategy": "entropy"}, follow=True)
    assert Project.objects.get().strategy == "entropy"
    assert FitRequest.objects.get().project == project
    assert "a fit that ranks by it was asked for" in response.content.decode()


def test_a_click_without_labels_says_that_the_next_fit_ranks_by_it(
    page: Client, project: Project
) -> None:
    url = reverse("project-strategy", args=[project.pk])
    response = page.post(url, {"strategy": "entropy"}, follow=True)
    assert "ranks from the next fit on" in response.content.decode()
    assert Project.objects.get().strategy == "entropy"


def test_a_click_that_cannot_be_says_why(page: Client, project: Project) -> None:
    url = reverse("project-strategy", args=[project.pk])
    response = page.post(url, {"strategy": "telepathy"}, follow=True)
    assert "The strategy was not changed" in response.content.decode()

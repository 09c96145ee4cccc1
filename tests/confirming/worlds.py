"""Projects with a published model and reserved texts to put it to; the model says what a test wants."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from learners.models import Fit
from learners.services.checking import Predict, check_confirmation
from learners.services.freezing import freeze_and_start
from projects.models import Confirmation, Example, LabelClass, Project, User
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import answer, asked
from tests.pages.worlds import make_fit


def published(project: Project, *, n_labels: int = 40, content: bytes = b"a model") -> Fit:
    """A published fit with a model's file."""
    fit = make_fit(project, n_labels=n_labels, right=(9, 10))
    fit.head_file = default_storage.save(f"models/{project.pk}/head.npz", ContentFile(content))
    fit.class_ids = list(project.label_classes.values_list("pk", flat=True))
    fit.save()
    return fit


def make_world(*, n_audit: int = 60, n_pool: int = 40) -> tuple[Project, Fit, User]:
    """Reserved texts first, then pool; two classes, "yes" and "no"; one owner; one model."""
    owner = make_user()
    project = make_project(owner=owner)
    make_examples(project, [f"text {n}" for n in range(n_audit + n_pool)], n_audit=n_audit)
    return project, published(project), owner


def start(
    project: Project,
    fit: Fit,
    owner: User,
    *,
    target: float = 0.8,
    share: float = 1.0,
    now: datetime = NOW,
) -> Confirmation:
    return freeze_and_start(
        actor=owner, project=project, fit=fit, target=target, share=share, now=now
    )


def yes(project: Project) -> LabelClass:
    return project.label_classes.get(name="yes")


def no(project: Project) -> LabelClass:
    return project.label_classes.get(name="no")


def says(*, always: str = "yes", asked_of: list[str] | None = None) -> Predict:
    """A model that says one class, and notes what it was asked about."""

    def predict(fit: Fit, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        if asked_of is not None:
            asked_of.extend(texts)
        return [[LabelClass.objects.get(project_id=fit.project_id, name=always).pk]] * len(texts)

    return predict


def fails(error: Exception) -> Predict:
    """A model that cannot be asked."""

    def predict(fit: Fit, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        raise error

    return predict


def answer_next(
    project: Project, annotator: User, label_class: LabelClass, *, seed: int = 0
) -> Example:
    """Claim one text and label it."""
    question = asked(project, annotator, seed=seed)
    answer(project, annotator, question.example, label_class)
    return question.example


def answer_many(project: Project, annotator: User, right: Sequence[bool]) -> list[Example]:
    """Claim and label as many as given, so that a model that says "yes" is right or wrong."""
    return [answer_next(project, annotator, (yes if ok else no)(project)) for ok in right]


def check(
    confirmation: Confirmation, predict: Predict | None = None, now: datetime = NOW
) -> Confirmation:
    """As a worker would; the row as it is then."""
    check_confirmation(confirmation_id=confirmation.pk, now=now, predict=predict or says())
    confirmation.refresh_from_db()
    return confirmation


def seeded_right(n: int, share: float) -> list[bool]:
    """The first `share` of n right, the rest wrong, in a fixed random order."""
    right = np.arange(n) < round(share * n)
    return [bool(mark) for mark in np.random.default_rng(0).permutation(right)]

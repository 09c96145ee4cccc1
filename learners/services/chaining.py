"""Chains: a text whose class leads into another project is predicted by that project's live model, too."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learners.services.deferred_answers import Others, Said, Told, answers, is_left_to_people
from learners.services.model_files import ModelFilesGone
from learners.services.serving import CannotPredict, Predicted
from projects.models import ModelVersion, Project
from projects.selectors.routes import have_a_common_owner, targets_by_class
from projects.selectors.versions import live_version
from projects.services.routes import MAX_PROJECTS

Predict = Callable[[ModelVersion, Sequence[str]], Predicted]
Targets = Callable[[int], Mapping[int, Project]]


@dataclass(frozen=True)
class Answered:
    """Texts of `source` that the live version of `target` answered; what is `told` may be added to."""

    source: Project
    target: Project
    version: ModelVersion
    texts: Sequence[str]
    told: Sequence[Told]


Note = Callable[[Answered], None]


def follow(
    *,
    project: Project,
    texts: Sequence[str],
    found: Sequence[Said],
    predict: Predict,
    targets_of: Targets = targets_by_class,
    note: Note = lambda answered: None,
) -> None:
    """Add `then` to what is told of each text whose class leads on: the project, its live version and
    the prediction; or `why` there is none. A text that a person has yet to decide goes nowhere.
    `note` is told of every answer of another project on the way.

    Raises:
        ModelsAway: the models process does not answer.
    """
    _Chain(predict, targets_of, note).follow(project, texts, found, n_passed=1)


@dataclass(frozen=True)
class _Chain:
    """Who is asked on the way."""

    predict: Predict
    targets_of: Targets
    note: Note

    def follow(
        self, project: Project, texts: Sequence[str], found: Sequence[Said], *, n_passed: int
    ) -> None:
        targets = self.targets_of(project.pk)
        if not targets or n_passed >= MAX_PROJECTS:
            return
        for target, places in _grouped(found, targets).items():
            chosen = [texts[place] for place in places]
            said = self._asked(project, target, chosen, n_passed)
            for place, one in zip(places, said, strict=True):
                then = {"project": target.pk, "name": target.name, **one}
                found[place].told["then"] = then

    def _asked(
        self, project: Project, target: Project, texts: list[str], n_passed: int
    ) -> list[dict[str, object]]:
        version, why = _live(project, target)
        if version is None:
            return [{"why": why} for _ in texts]
        try:
            predicted = self.predict(version, texts)
        except (CannotPredict, ModelFilesGone) as error:
            return [{"why": f"Its model cannot answer: {error}"} for _ in texts]
        others = Others(
            lambda other, places: self.predict(other, [texts[place] for place in places])
        )
        found = answers(version, predicted, others)
        self.follow(target, texts, found, n_passed=n_passed + 1)
        self.note(Answered(project, target, version, texts, [one.told for one in found]))
        model = {"version": version.number, "rung": version.rung}
        return [{"model": model, **one.told} for one in found]


def _grouped(found: Sequence[Said], targets: Mapping[int, Project]) -> dict[Project, list[int]]:
    """Places of the texts by the project that they go on to."""
    grouped: dict[Project, list[int]] = defaultdict(list)
    for place, one in enumerate(found):
        target = targets.get(one.class_id or 0)
        if target and not is_left_to_people(one.told):
            grouped[target].append(place)
    return grouped


def _live(project: Project, target: Project) -> tuple[ModelVersion | None, str]:
    """The version that answers there, or why none does."""
    if why := trouble(project, target):
        return None, why
    return live_version(target.pk), ""


def trouble(project: Project, target: Project) -> str:
    """Why texts cannot go on from one project to the other now; "" where they can."""
    if target.binned_at is not None:
        return "This project is in the bin."
    if not have_a_common_owner(project, target):
        return "Nobody owns both projects any more."
    if live_version(target.pk) is None:
        return "This project has no live model."
    return ""

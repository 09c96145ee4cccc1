"""The form that starts a simulation: shapes only; what may be is decided by the services."""

from typing import Any

from django import forms
from django.conf import settings

from learners.services.labelled_files import Columns
from learners.services.simulating import MAX_BUDGET, MAX_SEEDS, Plan, Source
from learners.services.simulation_data import Labelled
from projects.models import Project, StagedUpload
from projects.reading.labels import SEPARATORS, hint
from projects.reading.tables import KINDS
from projects.views.learning import choices_of

PRESETS = [
    ("default", "Default: what a new project gets"),
    ("margin", "Margin: the default with the strategy most tools ship"),
]
SET_PRESETS = [
    PRESETS[0],
    ("margin", "Nearest border: the default, asking where a yes or no of one class is closest"),
]
USUAL_BUDGET, USUAL_BATCH, USUAL_SEEDS = 256, 8, 10
ASKED_SHARE = 0.6  # of what there is, where there is less than the usual budget needs
NO_SPLIT = ""
ROLES = ("text", "label", "split")


class PlanForm(forms.Form):
    """What to run on, what to compare, how far and how often."""

    source = forms.ChoiceField(label="Labels", widget=forms.RadioSelect)
    presets = forms.MultipleChoiceField(
        label="Compare with random choice",
        choices=PRESETS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    strategies = forms.MultipleChoiceField(
        label="Query strategies", required=False, widget=forms.CheckboxSelectMultiple
    )
    heads = forms.MultipleChoiceField(
        label="Classifiers", required=False, widget=forms.CheckboxSelectMultiple
    )
    features = forms.MultipleChoiceField(
        label="Features", required=False, widget=forms.CheckboxSelectMultiple
    )
    budget = forms.IntegerField(
        label="Labels in each run",
        min_value=1,
        max_value=MAX_BUDGET,
        help_text="How far each curve goes.",
    )
    batch = forms.IntegerField(
        label="Batch",
        min_value=1,
        max_value=MAX_BUDGET,
        help_text="Labels between two fits.",
    )
    n_seeds = forms.IntegerField(
        label="Runs of each recipe",
        min_value=1,
        max_value=MAX_SEEDS,
        help_text="More runs tell smaller differences from noise.",
    )

    def __init__(
        self, data: Any = None, *, project: Project, sources: list[tuple[str, str]], n_texts: int
    ) -> None:
        self.is_table, self.multilabel = project.is_table, project.multilabel
        budget = usual_budget(n_texts)
        usual = {
            "source": sources[0][0] if sources else "",
            "presets": [name for name, _ in PRESETS],
            "budget": budget,
            "batch": USUAL_BATCH,
            "n_seeds": USUAL_SEEDS,
        }
        super().__init__(data, initial=usual)
        offered = choices_of(project)
        slow = set(settings.LABELER_SMALL_POOL_STRATEGIES)
        strategies = [
            (name, f"{label} (slow)" if name in slow else label)
            for name, label in offered["strategy"]
        ]
        for name, choices in (
            ("presets", SET_PRESETS if project.multilabel else PRESETS),
            ("source", sources),
            ("strategies", strategies),
            ("heads", offered["head"]),
            ("features", offered["features"]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def plan(self) -> Plan:
        """What was asked for; only for a valid form."""
        said = self.cleaned_data
        named = [*said["presets"], *said["strategies"]]
        return Plan(
            # Nothing named at all: what was not ticked is not wanted, so the reference alone.
            strategies=named or ([] if said["heads"] or said["features"] else ["reference"]),
            heads=said["heads"],
            features=said["features"],
            budget=said["budget"],
            batch=said["batch"],
            n_seeds=said["n_seeds"],
            is_table=self.is_table,
            multilabel=self.multilabel,
        )


class ColumnsForm(forms.Form):
    """Which column of an upload holds what: the texts, or the features of a table."""

    text = forms.ChoiceField(label="Texts")
    features = forms.MultipleChoiceField(
        label="Columns that the model reads",
        widget=forms.CheckboxSelectMultiple,
        help_text="Those that hold numbers alone are read as numbers, all others as categories.",
    )
    label = forms.ChoiceField(label="Labels")
    split = forms.ChoiceField(
        label="Split",
        required=False,
        help_text="Rows that say “test” there measure. Without one, a fixed quarter does.",
    )

    separator = forms.ChoiceField(
        label="A label ends",
        required=False,
        choices=[
            ("", "in JSON lists alone"),
            *((separator, f"at a {words}") for separator, words in SEPARATORS.items()),
        ],
        help_text="Within a cell. Rows without any label are left out.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        staged: StagedUpload,
        is_table: bool = False,
        multilabel: bool = False,
    ) -> None:
        self.multilabel = multilabel
        roles: dict[str, str] = staged.guess["table_roles" if is_table else "roles"]
        by_role = {role: name for name, role in reversed(roles.items())}
        initial: dict[str, Any] = {role: by_role.get(role, "") for role in ROLES}
        initial["features"] = [name for name, role in roles.items() if role in KINDS]
        if multilabel:
            initial["separator"] = hint(staged.guess, initial["label"])
        super().__init__(data, prefix="columns", initial=initial)
        if not multilabel:
            del self.fields["separator"]
        del self.fields["text" if is_table else "features"]
        choices = [(name, name) for name in roles]
        for field in {"text", "features", "label"} & set(self.fields):
            self.fields[field].choices = choices  # type: ignore[attr-defined]
        self.fields["split"].choices = [(NO_SPLIT, "none"), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("text") and said.get("text") == said.get("label"):
            self.add_error("label", "Texts and labels stand in different columns.")
        for role in ("label", "split"):
            if said.get(role) in said.get("features", ()):
                self.add_error("features", f"“{said[role]}” is the {role}: it tells the answer.")
        return said

    def columns(self) -> Columns:
        """What was said; only for a valid form."""
        said = self.cleaned_data
        return Columns(
            text=said.get("text", ""),
            features=tuple(said.get("features", ())),
            label=said["label"],
            split=said["split"] or None,
            multilabel=self.multilabel,
            separator=said.get("separator", ""),
        )


def sources_of(
    gold: Labelled, labels: Labelled, staged: StagedUpload | None, what: str = "texts"
) -> list[tuple[str, str]]:
    """Where labels can come from now, the most telling first; `what` they are of."""
    sources = []
    if staged is not None:
        sources.append((Source.FILE.value, f"The file {staged.name}"))
    if gold.n_classes > 1:
        words = f"Gold labels of this project: {gold.n_texts:,} {what}, {gold.n_classes} classes"
        sources.append((Source.GOLD.value, words))
    if labels.n_classes > 1:
        words = f"Labels that people gave: {labels.n_texts:,} {what}, {labels.n_classes} classes"
        sources.append((Source.LABELS.value, words))
    return sources


def usual_budget(n_texts: int) -> int:
    """256, or as many batches as a pool of few texts leaves something to choose from."""
    asked = int(n_texts * ASKED_SHARE) // USUAL_BATCH * USUAL_BATCH
    return max(USUAL_BATCH, min(USUAL_BUDGET, asked))

"""The wizard's fields: shapes only; what may be is decided by the services."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from projects.models.label_class import N_COLOURS
from projects.reading.delimited import DELIMITERS
from projects.reading.labels import SEPARATORS
from projects.reading.records import KINDS
from projects.reading.tables import CATEGORICAL, NUMERIC
from projects.reading.texts import GOLD, KNOWN
from projects.services import creating
from projects.services.classes import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS

COLOURS = (
    "blue vermilion green pink orange sky wine olive indigo teal purple grey".split()  # noqa: SIM905
)
COLOUR_CHOICES = [(i + 1, COLOURS[i]) for i in range(N_COLOURS)]
ROLE_CHOICES = [
    ("text", "text"),
    ("id", "id, may be shown beside the text"),
    ("label", "label"),
    ("split", "split"),
    ("metadata", "metadata, shown beside the text"),
    ("leave_out", "leave out"),
]
TABLE_ROLE_CHOICES = [
    (NUMERIC, "number"),
    (CATEGORICAL, "category"),
    ("id", "id"),
    ("label", "label"),
    ("split", "split"),
    ("metadata", "metadata"),
    ("leave_out", "leave out"),
]
NEW_CLASS, NO_LABEL = "new", "none"
ONE, ANY_NUMBER = "one", "any"
SHOW_CLASSES = {
    "hx-post": "",
    "hx-trigger": "change",
    "hx-sync": "closest form:replace",
    "hx-target": "#labels",
    "hx-swap": "outerHTML",
    "hx-vals": '{"do": "classes"}',
}
"""A control whose change shows the classes anew."""


def time_zone_choices() -> list[tuple[str, str]]:
    """Every zone of the world, UTC first."""
    zones = sorted(creating.time_zones() - {"UTC"})
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)]


class UploadForm(forms.Form):
    file = forms.FileField(label="File", required=False)
    lines = forms.CharField(
        label="Or paste lines",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="One text a line, or rows copied from a spreadsheet.",
    )

    @property
    def allowed(self) -> str:
        size, rows = filesizeformat(settings.LABELER_MAX_UPLOAD_BYTES), settings.LABELER_MAX_ROWS
        return f"CSV, TSV or JSON lines in UTF-8 (or UTF-16 with its mark): up to {size} and {rows:,} rows."


class LayoutForm(forms.Form):
    kind = forms.ChoiceField(label="Read as", choices=list(KINDS.items()))
    delimiter = forms.ChoiceField(
        label="Cells end at a", choices=list(DELIMITERS.items()), required=False
    )
    header = forms.BooleanField(label="The first line holds column names", required=False)


class AboutForm(forms.Form):
    name = forms.CharField(label="Name", max_length=creating.MAX_NAME_CHARS)
    description = forms.CharField(
        label="What is asked of each text",
        max_length=creating.MAX_DESCRIPTION_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Which desk does this report belong to?"}),
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zone_choices,
        initial="UTC",
        help_text="Days on charts begin at midnight there.",
    )
    guideline = forms.CharField(
        label="Guideline",
        max_length=creating.MAX_GUIDELINE_CHARS,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown. Annotators open it beside the text. It can be written later.",
    )


class ColumnsForm(forms.Form):
    """One `role-N` for the file's Nth column, and what is to be done with labels and blanks.

    `fixed`: roles, by column, that the rows of an existing table have settled.
    """

    label_use = forms.ChoiceField(
        label="The labels in the file are",
        choices=[
            (GOLD, "gold, kept apart: they check the model, and never train it"),
            (KNOWN, "already known answers: they train the model, and never measure it"),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    multilabel = forms.ChoiceField(
        label="How many classes a text",
        choices=[
            (ONE, "one: exactly one class is true of a text"),
            (ANY_NUMBER, "any number: several classes can be true of a text, or none"),
        ],
        widget=forms.RadioSelect(attrs=SHOW_CLASSES),
        required=False,
    )
    label_separator = forms.ChoiceField(
        label="A label in a cell ends",
        choices=[
            ("", "with the cell; a JSON list holds several"),
            *((separator, f"at a {words}") for separator, words in SEPARATORS.items()),
        ],
        widget=forms.Select(attrs=SHOW_CLASSES),
        required=False,
    )
    leave_out_blank = forms.BooleanField(required=False)

    def __init__(
        self,
        *args: Any,
        columns: list[str],
        is_table: bool,
        fixed: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = TABLE_ROLE_CHOICES if is_table else ROLE_CHOICES
        for number, column in enumerate(columns):
            self.fields[f"role-{number}"] = forms.ChoiceField(
                label=column, choices=_allowed(choices, column, fixed or {})
            )


def _allowed(
    choices: list[tuple[str, str]], column: str, fixed: Mapping[str, str]
) -> list[tuple[str, str]]:
    if not fixed:
        return choices
    features = {NUMERIC, CATEGORICAL}
    if column in fixed:
        return [(role, words) for role, words in choices if role == fixed[column]]
    return [(role, words) for role, words in choices if role not in features]


class MoreClassesForm(forms.Form):
    more_classes = forms.CharField(
        label="More classes, one a line",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    none_of_these = forms.BooleanField(
        label="Offer “none of these” as a class of its own", required=False
    )


class ClassForm(forms.Form):
    """One class. `found` is the label of the file that it stands for; `target` what becomes of it."""

    found = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    target = forms.ChoiceField(label="In the project", required=False)
    name = forms.CharField(label="Name", max_length=MAX_NAME_CHARS, required=False)
    description = forms.CharField(
        label="Description",
        max_length=MAX_DESCRIPTION_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "a sentence: when to choose it"}),
    )
    colour = forms.TypedChoiceField(label="Colour", choices=COLOUR_CHOICES, coerce=int)
    shortcut = forms.CharField(
        label="Key",
        max_length=1,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, targets: list[tuple[str, str]], n_rows: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.n_rows = n_rows
        target = self.fields["target"]
        assert isinstance(target, forms.ChoiceField)
        target.choices = targets
        self.fields["colour"].widget.attrs["data-colour"] = ""

    @property
    def shown_colour(self) -> int:
        value = str(self["colour"].value() or 1)
        return int(value) if value in {str(i) for i, _ in COLOUR_CHOICES} else 1

    @property
    def is_empty(self) -> bool:
        return not (self["found"].value() or self["name"].value())

"""What only the lead knows of a project's models."""

from typing import Any

from django import forms

from projects.models import Project

MOST = 4_000
_AREA = {"rows": 4}


class ModelCardForm(forms.Form):
    """The parts of a model card that nobody can work out; empty ones say that nobody wrote them."""

    card_intended_use = forms.CharField(
        label="Intended use",
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs=_AREA),
        help_text="What the models are for, who uses them, and what they must not be used for.",
    )
    card_ethics = forms.CharField(
        label="Ethical considerations",
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs=_AREA),
        help_text="Whom a wrong answer may harm, and what is done about that.",
    )
    card_caveats = forms.CharField(
        label="Caveats and recommendations",
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs=_AREA),
    )
    texts_leave = forms.BooleanField(
        label="Up to 200 of the project’s own texts travel with a model, so that answers can be compared",
        required=False,
        help_text="Without it, the texts to compare are made of class names and words of the guideline; for "
        "tables, of the values that the model holds anyway.",
    )

    def __init__(self, data: Any = None, *, project: Project) -> None:
        super().__init__(data, initial={name: getattr(project, name) for name in self.base_fields})

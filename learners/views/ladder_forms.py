"""The forms of the Models page."""

from collections.abc import Sequence
from typing import Any

from django import forms

from learners.engine.rungs import RungKind
from learners.models import Ladder
from learners.services.ladder import CURRENCY_CHARACTERS, Figures
from projects.services.versions import WHY_CHARACTERS


class RungsForm(forms.Form):
    """Which kinds of models to train; all, unless some are left out."""

    rungs = forms.MultipleChoiceField(
        label="Kinds of models",
        required=True,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one kind of model."},
    )

    def __init__(self, *args: Any, kinds: Sequence[RungKind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rungs"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(kind.name, kind.label) for kind in kinds]
        field.initial = [kind.name for kind in kinds]


class FiguresForm(forms.Form):
    """What turns CPU seconds into money and watt-hours, and how much accuracy may be lost."""

    cpu_hour = forms.FloatField(
        label="Price of a CPU hour",
        required=False,
        help_text="One core for one hour, say 0.04.",
        widget=forms.NumberInput(attrs={"step": "any", "min": "0"}),
    )
    currency = forms.CharField(
        label="Currency", required=False, max_length=CURRENCY_CHARACTERS, help_text="Any word: EUR."
    )
    watts = forms.FloatField(
        label="Watts of a busy core",
        required=False,
        help_text="An estimate; often 5 to 20.",
        widget=forms.NumberInput(attrs={"step": "any", "min": "0"}),
    )
    margin = forms.FloatField(
        label="Margin, in points",
        help_text="How much accuracy a smaller model may lose. Changed after the result, the page says so.",
        widget=forms.NumberInput(attrs={"step": "any", "min": "0"}),
    )

    def __init__(self, *args: Any, ladder: Ladder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {
            "cpu_hour": _shortest(ladder.prices.get("cpu_hour")),
            "currency": ladder.prices.get("currency", ""),
            "watts": _shortest(ladder.prices.get("watts")),
            "margin": _shortest(100 * ladder.margin),
        }

    def figures(self) -> Figures:
        """Of a valid form."""
        said = self.cleaned_data
        return Figures(
            cpu_hour=said["cpu_hour"],
            currency=said["currency"].strip(),
            watts=said["watts"],
            margin=said["margin"] / 100,
        )


def _shortest(value: float | None) -> str:
    """`2` of 2.0."""
    return "" if value is None else f"{value:.10g}"


class EveryForm(forms.Form):
    """After how many labels a ladder is trained by itself."""

    ladder_every = forms.IntegerField(
        label="Train again after so many labels",
        min_value=0,
        max_value=1_000_000,
        help_text="0: only when somebody asks.",
    )


class WhyForm(forms.Form):
    """Why a version goes live."""

    why = forms.CharField(
        label="Why",
        max_length=WHY_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say in a few words why this model goes live."},
    )

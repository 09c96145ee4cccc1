"""The forms of the page on what a version leaves to others."""

from collections.abc import Sequence
from typing import Any

from django import forms

from learners.services.deferring import Answerer
from projects.services.deferral import PERSON
from projects.services.versions import WHY_CHARACTERS


class DeferralForm(forms.Form):
    """How right a version must be where it answers, and who has the rest."""

    wanted = forms.FloatField(
        label="Right on, in %",
        min_value=1,
        max_value=99.9,
        help_text="Of what it answers itself. 1 to 99.9.",
        widget=forms.NumberInput(attrs={"step": "any", "min": "1", "max": "99.9"}),
        error_messages={"required": "Say how often it must be right, in per cent: 1 to 99.9."},
    )
    careful = forms.BooleanField(
        label="Be careful: reach it for certain (95 %), not just as far as was seen",
        required=False,
    )
    to = forms.ChoiceField(label="The rest goes to")

    def __init__(self, *args: Any, others: Sequence[Answerer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(PERSON, "A person"), *((one.key, one.label) for one in others)]
        self.others = {one.key: one for one in others}

    @property
    def share(self) -> float:
        """What is wanted, as a share. Of a valid form."""
        return float(self.cleaned_data["wanted"]) / 100

    @property
    def other(self) -> Answerer | None:
        """Who has the rest; None for a person. Of a valid form."""
        return self.others.get(self.cleaned_data["to"])


class QueueForm(forms.Form):
    """Whether texts that are left to people are kept and asked in the labelling queue."""

    defer_to_queue = forms.BooleanField(
        label="Keep the texts that predictions leave to people, and ask them first on the label page",
        required=False,
    )
    incoming_per_day = forms.IntegerField(
        label="At most so many within 24 hours",
        min_value=0,
        max_value=100_000,
        help_text="By any road: also those that a program asks to be kept.",
    )


class KeepForm(forms.Form):
    """Why the rule changes, and which threshold was looked at."""

    why = forms.CharField(
        label="Why",
        required=False,
        max_length=WHY_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    threshold = forms.FloatField(widget=forms.HiddenInput, required=False)

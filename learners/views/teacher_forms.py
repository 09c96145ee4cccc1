"""The forms of the teacher's page."""

from typing import Any

from django import forms

from projects.models import LabelClass, Project, Teacher
from projects.services.teacher.runs import MOST_SAMPLE_CHARS, MOST_TEXTS, MOST_WRITTEN
from projects.services.teacher.setup import FIELDS, MOST_A_MINUTE

USUAL = {
    "currency": "USD",
    "requests_per_minute": 60,
    "price_in": "0",
    "price_out": "0",
    "budget": "1",
}


class SetUpForm(forms.Form):
    """Who is asked, at what price, how fast and up to which sum."""

    name = forms.CharField(label="Name", max_length=120, help_text="As these pages call it.")
    base_url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="Of an OpenAI-compatible API, up to /v1: https://api.example.com/v1, or a server of "
        "your own: http://localhost:8080/v1. Another address is another teacher.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    model = forms.CharField(
        label="Model",
        max_length=200,
        help_text="As the API names it. Another model is another teacher.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key_variable = forms.CharField(
        label="Variable that holds the key",
        required=False,
        max_length=100,
        help_text="The name of an environment variable of the worker: LABELER_TEACHER_KEY, or one that "
        "begins with LABELER_TEACHER_KEY_. Never the key. Empty for a server that wants none.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    price_in = forms.DecimalField(label="Price of a million tokens read", min_value=0)
    price_out = forms.DecimalField(label="Price of a million tokens written", min_value=0)
    currency = forms.CharField(label="Currency", max_length=10)
    requests_per_minute = forms.IntegerField(
        label="Requests a minute", min_value=1, max_value=MOST_A_MINUTE
    )
    budget = forms.DecimalField(
        label="Budget",
        min_value=0,
        help_text="It stops before more than this is spent, all runs together.",
    )

    @classmethod
    def of(cls, data: Any, teacher: Teacher | None) -> "SetUpForm":
        """With what was posted, else as it is set up, else as usual."""
        initial: dict[str, Any] = dict(USUAL)
        if teacher:
            initial = {name: getattr(teacher, name) for name in FIELDS}
            for name in ("price_in", "price_out", "budget"):
                initial[name] = f"{initial[name].normalize():f}"
        return cls(data, initial=initial)


class TrialForm(forms.Form):
    """One text to try."""

    sample_text = forms.CharField(
        label="Text",
        max_length=MOST_SAMPLE_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One of the pool, unless you write another.",
    )


class AskForm(forms.Form):
    """How many texts."""

    n = forms.IntegerField(label="Texts", min_value=1, max_value=MOST_TEXTS)


class WriteForm(forms.Form):
    """How many texts of which class."""

    label_class = forms.ModelChoiceField(
        label="Class", queryset=LabelClass.objects.none(), empty_label=None
    )
    n = forms.IntegerField(label="Texts", min_value=1, max_value=MOST_WRITTEN, initial=20)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["label_class"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = LabelClass.objects.filter(project=project).active()

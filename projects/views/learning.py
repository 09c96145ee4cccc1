"""What a project learns with: strategy, classifier, features, names and what trains. Owners only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeler.strategy_sentences import STRATEGY_SENTENCES
from learners.engine.features import FEATURES
from learners.engine.heads import HEADS
from projects.models import Project
from projects.models.project import InputKind
from projects.services.project_settings import change_settings, strategies_for
from projects.services.refusals import Refused
from projects.views.person import person

Choices = list[tuple[str, str]]


class LearningForm(forms.Form):
    """Each field carries the value it was shown with: only what was changed here is saved."""

    strategy = forms.ChoiceField(
        label="Query strategy: which text is asked next",
        widget=forms.RadioSelect,
        show_hidden_initial=True,
    )
    features = forms.ChoiceField(
        label="Features: what the model sees of a text",
        widget=forms.RadioSelect,
        show_hidden_initial=True,
    )
    head = forms.ChoiceField(
        label="Classifier: what learns from the labels",
        widget=forms.RadioSelect,
        show_hidden_initial=True,
    )
    label_names = forms.BooleanField(
        label="Learn from the names and descriptions of the classes",
        required=False,
        show_hidden_initial=True,
        help_text="They are the first training examples, so there is a model before the first "
        "answer. Descriptive names help; names such as “A” or “other” do not.",
    )
    strict_audit = forms.BooleanField(
        label="Strict: answers to random texts measure and never train",
        required=False,
        show_hidden_initial=True,
        help_text="The accuracy is then that of the published model itself, on texts it never saw, "
        "and about one answer in five teaches it nothing. Without it every answer trains, and each "
        "random text is predicted by a model that did not see it (cross-fitting).",
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = choices_of(project)
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        if project.input_kind == InputKind.TABLE:
            del self.fields["label_names"]  # a class name is no row

    def changes(self) -> dict[str, Any]:
        """What differs from the page as it was shown, under the rows' own names."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


@dataclass(frozen=True)
class Option:
    """One radio button with its words, and a sentence on what it does."""

    control: SafeString
    field_id: str
    label: str
    sentence: str


def choices_of(project: Project) -> dict[str, Choices]:
    """What this project can be set to, by setting; what it is set to now is always among them."""
    kind = "table" if project.input_kind == InputKind.TABLE else "text"
    head_kinds = ("vectors", "table") if kind == "table" else ("vectors",)
    head_kinds = ("multilabel",) if project.multilabel else head_kinds
    return {
        "strategy": _named(
            strategies_for(project), settings.LABELER_STRATEGY_LABELS, project.strategy
        ),
        "features": _named(
            (f.name for f in FEATURES if f.kind == kind),
            settings.LABELER_FEATURES_LABELS,
            project.features,
        ),
        "head": _named(
            (h.name for h in HEADS if h.kind in head_kinds),
            settings.LABELER_HEAD_LABELS,
            project.head,
        ),
    }


def _named(names: Iterable[str], labels: Mapping[str, str], now: str) -> Choices:
    return [(name, labels.get(name, name)) for name in dict.fromkeys([*names, now])]


def sentences() -> dict[str, str]:
    """What each strategy, classifier and kind of features does."""
    small = dict.fromkeys(
        settings.LABELER_SMALL_POOL_STRATEGIES,
        f" For pools of up to {settings.LABELER_SMALL_POOL:,} texts.",
    )
    return {
        **{name: said + small.get(name, "") for name, said in STRATEGY_SENTENCES.items()},
        **{kind.name: kind.description for kind in HEADS},
        **{kind.name: kind.description for kind in FEATURES},
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def learning(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and change what the project learns with."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    shown = {name: getattr(project, name) for name in LearningForm.base_fields}
    form = LearningForm(project, request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid() and _change(request, project, form):
        return redirect("project-learning", pk=pk)
    context = {
        "project": project,
        "is_owner": True,
        "part": "learning",
        "form": form,
        "groups": [(form[name], _options(form, name)) for name in ("strategy", "features", "head")],
        "switches": [form[name] for name in ("label_names", "strict_audit") if name in form.fields],
    }
    status = 422 if form.errors else 200
    return render(request, "projects/settings/learning.html", context, status=status)


def _options(form: LearningForm, name: str) -> list[Option]:
    said = sentences()
    return [
        Option(
            control=radio.tag(),
            field_id=radio.id_for_label,
            label=str(radio.choice_label),
            sentence=said.get(str(radio.data["value"]), ""),
        )
        for radio in form[name]
    ]


def _change(request: HttpRequest, project: Project, form: LearningForm) -> bool:
    try:
        changed = change_settings(
            actor=person(request), project=project, changes=form.changes(), now=timezone.now()
        )
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return False
    saved = "Saved. The next fit learns with it; until then the present model and queue serve."
    messages.success(request, saved if changed else "Nothing differs; nothing was saved.")
    return True

"""Chains: which class of a project's live model leads into another project."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from learners.services.chaining import trouble
from projects.models import LabelClass, Project, User
from projects.selectors.routes import may_lead_to, routes_of, routes_to
from projects.selectors.versions import live_version
from projects.services.refusals import Refused
from projects.services.routes import set_routes
from projects.views.person import person

PAGE = "learners/routes.html"
NOWHERE = ""


@dataclass(frozen=True)
class Way:
    """A class and where its texts go on to now; `trouble`: why they cannot."""

    label_class: LabelClass
    target: Project
    trouble: str


class RoutesForm(forms.Form):
    """For each class of the project the one that is asked next, or none."""

    def __init__(self, data: object, *, project: Project, user: User) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        now = {route.label_class_id: route.target_id for route in routes_of(project.pk)}
        choices = [(NOWHERE, "nowhere")]
        choices += [(str(one.pk), one.name) for one in may_lead_to(user, project)]
        for label_class in LabelClass.objects.filter(project=project).active():
            self.fields[f"class_{label_class.pk}"] = forms.ChoiceField(
                label=label_class.name,
                choices=choices,
                required=False,
                initial=str(now.get(label_class.pk, NOWHERE)),
            )

    def routes(self) -> dict[int, int]:
        """Of a valid form: id of the class -> id of the project."""
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        return {int(name.removeprefix("class_")): int(value) for name, value in chosen.items()}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def routes(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the ways into other projects, and change them."""
    user = person(request)
    project = get_object_or_404(Project.objects.owned(user), pk=pk)
    form = RoutesForm(request.POST or None, project=project, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            set_routes(actor=user, project=project, routes=form.routes(), now=timezone.now())
        except Refused as refused:
            field = f"class_{refused.field}" if refused.field else None
            form.add_error(field if field in form.fields else None, refused.message)
        else:
            messages.success(request, "Saved. Predictions follow at once.")
            return redirect("model-routes", pk)
    context = {
        "project": project,
        "is_owner": True,
        "form": form,
        "ways": [
            Way(route.label_class, route.target, trouble(project, route.target))
            for route in routes_of(project.pk)
        ],
        "here": routes_to(project.pk, user),
        "others": may_lead_to(user, project),
        "live": live_version(project.pk),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)

"""Traffic: how predictions are kept."""

from django import forms

from projects.models import Project
from projects.services.traffic.keeping import MAX_DAYS
from projects.services.traffic.redacting import MAX_PATTERNS, Redaction

PERCENT = 100


class KeepingForm(forms.Form):
    kept = forms.BooleanField(label="Keep predictions with their texts", required=False)
    share = forms.FloatField(
        label="Of each hundred, keep",
        min_value=0.01,
        max_value=PERCENT,
        help_text="Chosen at random; 100 keeps all.",
    )
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=MAX_DAYS,
        help_text=f"Then they are deleted; at most {MAX_DAYS}.",
    )
    emails = forms.BooleanField(label="E-mail addresses", required=False)
    phones = forms.BooleanField(
        label="Telephone numbers", help_text="Seven digits and more in a row.", required=False
    )
    numbers = forms.BooleanField(label="All numbers", required=False)
    own = forms.CharField(
        label="Patterns of your own",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=f"Regular expressions, one a line, at most {MAX_PATTERNS}. A text on which one takes"
        " longer than a tenth of a second is not kept.",
    )

    @classmethod
    def of(cls, project: Project) -> "KeepingForm":
        """As the project stands."""
        redaction = Redaction.of(project.traffic_redaction)
        initial = {
            "kept": project.traffic_kept,
            "share": f"{PERCENT * project.traffic_share:g}",
            "days": project.traffic_days,
            **redaction.stored(),
            "own": "\n".join(redaction.own),
        }
        return cls(initial=initial)

    def redaction(self) -> Redaction:
        """What is to be taken out."""
        said = self.cleaned_data
        own = [line.strip() for line in said["own"].splitlines() if line.strip()]
        return Redaction(said["emails"], said["phones"], said["numbers"], own)

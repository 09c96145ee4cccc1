"""Files of a rung or a version, as a page shows them: which there can be, and how far each is."""

from dataclasses import dataclass

from django.core.files.storage import default_storage

from learners.models import ModelExport
from learners.services.rung_export_request import Kind, Model, kinds_of, owner_of, project_of

WHAT = {
    Kind.ZIP: "ONNX, predict.py, model card, 200 inputs to compare, and SHA-256 of all. Runs with Python.",
    Kind.HTML: "One file that classifies in a browser, without a network.",
    Kind.HUGGINGFACE: "For those who publish: config.json, tokenizer, onnx/model.onnx and the card.",
}


@dataclass(frozen=True)
class ExportRow:
    """One kind of file. `state`: absent, waiting, making, ready, failed, or gone (made once, and no
    longer in the storage).
    """

    kind: str
    label: str
    what: str
    state: str
    row: ModelExport | None

    @property
    def pending(self) -> bool:
        """Whether a page should look again soon."""
        return self.state in {"waiting", "making"}

    @property
    def checked(self) -> str:
        """What its check found, in a sentence."""
        if self.row is None or not self.row.check_found:
            return ""
        found = self.row.check_found
        return (
            f"Checked on {found['n']} inputs: the largest difference of a probability is "
            f"{found['largest_difference']:.0e}, {100 * found['labels_equal']:g} % of the labels are "
            f"equal; needed: {found['needed']}."
        )


def export_rows(model: Model) -> list[ExportRow]:
    """One for each kind of file that this model can become; none where its files are gone."""
    known = {row.kind: row for row in ModelExport.objects.filter(**owner_of(model))}
    noun = project_of(model).noun
    return [
        ExportRow(
            kind=str(kind),
            label=str(kind.label),
            what=WHAT[kind].replace("200 inputs", f"200 {noun}s"),
            state=export_state(known.get(str(kind))),
            row=known.get(str(kind)),
        )
        for kind in kinds_of(model)
    ]


def export_state(row: ModelExport | None) -> str:
    if row is None:
        return "absent"
    if row.file:
        return "ready" if default_storage.exists(row.file) else "gone"
    if row.error:
        return "failed"
    return "making" if row.started_at else "waiting"

"""Both uses of the wizard's second step, a new project and more texts, on one state of forms."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict

from projects.models import LabelClass, StagedUpload
from projects.reading import ColumnChoice, Layout
from projects.reading.limits import MAX_CLASSES
from projects.reading.scanning import same
from projects.services.classes import FREE_KEYS, ClassSpec, free_key
from projects.services.refusals import Refused
from projects.views.numbers import read_int
from projects.views.wizard_forms import (
    NEW_CLASS,
    NO_LABEL,
    AboutForm,
    ClassForm,
    ColumnsForm,
    LayoutForm,
    MoreClassesForm,
)

EMPTY_ROWS = 2
ROLE = "role-"
F = TypeVar("F", bound=forms.Form)


class Wizard:
    """Every form of the page. `data` is what was posted, None when the page is opened.

    With `check` off, what was posted is shown again without a word about what is missing: the
    person only asked to read the file another way. `fresh_columns`: the columns are new, so that
    what was posted about the old ones is void.
    """

    def __init__(
        self,
        staged: StagedUpload,
        *,
        data: QueryDict | None = None,
        standing: Iterable[LabelClass] = (),
        is_new: bool = True,
        check: bool = True,
        fresh_columns: bool = False,
    ) -> None:
        self.staged, self.data, self.is_new = staged, data, is_new
        self.check = check and data is not None
        self.standing = list(standing)
        self.columns = [str(column["name"]) for column in staged.guess["columns"]]
        self.errors: list[str] = []
        self.about = self._form(AboutForm, {"name": _stem(staged.name)})
        self.more = self._form(MoreClassesForm, {})
        guess = staged.guess["layout"]
        self.layout = LayoutForm(None if fresh_columns else data, initial=guess)
        self.roles = self._columns_form(None if fresh_columns else data)
        self.classes = self._class_forms()

    # ---- forms from the guess or from what was posted ----

    def _form(self, form: type[F], initial: dict[str, Any]) -> F:
        if self.check or self.data is None:
            return form(self.data, initial=initial)
        posted = {name: self.data.get(name, "") for name in form.base_fields}
        return form(initial=posted)

    def _columns_form(self, data: QueryDict | None) -> ColumnsForm:
        roles = self.staged.guess["roles"]
        initial = {f"{ROLE}{i}": roles[name] for i, name in enumerate(self.columns)}
        initial |= {"label_use": "gold"}
        if data is None or self.check:
            return ColumnsForm(data, columns=self.columns, initial=initial)
        posted = {name: data[name] for name in (*initial, "leave_out_blank") if name in data}
        return ColumnsForm(columns=self.columns, initial=initial | posted)

    def _class_forms(self) -> list[ClassForm]:
        rows = _posted_rows(self.data)
        posted = {row["found"]: row for row in rows if row["found"]}
        found = self._found_rows()
        self.unseen = [row["name"] for row in found if self.check and row["found"] not in posted]
        forms_ = [posted.get(row["found"], row) for row in found]
        forms_ += [row for row in rows if not row["found"]]
        if self.is_new and not forms_:
            forms_ += [{"found": "", "name": ""} for _ in range(EMPTY_ROWS)]
        _fill_in(forms_, self.standing)
        return [self._class_form(row, number) for number, row in enumerate(forms_)]

    def _class_form(self, row: dict[str, Any], number: int) -> ClassForm:
        prefix = f"class-{number}"
        counts = dict(self.found_labels().values())
        bound = {f"{prefix}-{name}": v for name, v in row.items()} if self.check else None
        return ClassForm(
            bound,
            initial=row,
            prefix=prefix,
            targets=self._targets(),
            n_rows=counts.get(row["found"], 0),
        )

    def _targets(self) -> list[tuple[str, str]]:
        classes = [(str(row.pk), row.name) for row in self.standing]
        return [(NEW_CLASS, "own class"), (NO_LABEL, "no label"), *classes]

    def _found_rows(self) -> list[dict[str, Any]]:
        """One row for each label of the file that is not yet a class by the same name."""
        taken = {same(row.name) for row in self.standing}
        found = [label for key, (label, _) in self.found_labels().items() if key not in taken]
        return [{"found": label, "name": label} for label in found[:MAX_CLASSES]]

    # ---- what the forms say ----

    def column_of(self, role: str) -> str | None:
        return next(iter(self._columns_of(role)), None)

    def _columns_of(self, role: str) -> list[str]:
        said = [self.roles[f"{ROLE}{i}"].value() for i in range(len(self.columns))]
        return [name for name, value in zip(self.columns, said, strict=True) if value == role]

    def facts(self, column: str | None) -> dict[str, Any]:
        return next((c for c in self.staged.guess["columns"] if c["name"] == column), {})

    def found_labels(self) -> dict[str, tuple[str, int]]:
        """Labels of the label column, the most frequent first: {key: (label, rows)}."""
        values = self.facts(self.column_of("label")).get("values") or {}
        return dict(sorted(values.items(), key=lambda pair: (-pair[1][1], pair[0])))

    def known_labels(self) -> list[str]:
        """Labels of the file that are classes of the project already."""
        taken = {same(row.name): row.name for row in self.standing}
        return [taken[key] for key in self.found_labels() if key in taken]

    def layout_chosen(self) -> Layout | None:
        """The layout asked for where it differs from how the file was read."""
        if not self.layout.is_valid():
            return None
        said = self.layout.cleaned_data
        kind, delimiter = said["kind"], said["delimiter"] or ","
        delimited = kind in {"csv", "tsv"}
        layout = Layout(
            kind=kind,
            delimiter="\t" if kind == "tsv" else delimiter if kind == "csv" else ",",
            header=said["header"] if delimited else True,
        )
        return None if layout.as_json() == self.staged.guess["layout"] else layout

    def is_valid(self) -> bool:
        forms_: list[forms.Form] = [self.roles, self.more, *self.classes]
        if self.is_new:
            forms_.append(self.about)
        wrong = [form for form in forms_ if not form.is_valid()]
        for role in ("text", "id", "label", "split"):
            n = len(self._columns_of(role))
            if n > 1 or (role == "text" and n == 0):
                self.errors.append(
                    f"{n} columns are “{role}”; choose {'' if role == 'text' else 'at most '}one."
                )
        if self.unseen:
            words = ", ".join(self.unseen[:8])
            self.errors.append(
                f"Labels were found in “{self.column_of('label')}”: {words}. Look at the classes, then go on."
            )
        return not wrong and not self.errors

    def choice(self) -> ColumnChoice:
        said = self.roles.cleaned_data
        ignored = [f.cleaned_data["found"] for f in self._found() if _target(f) == NO_LABEL]
        return ColumnChoice(
            text=self.column_of("text") or "",
            id=self.column_of("id"),
            label=self.column_of("label"),
            label_use=said["label_use"] or "gold",
            split=self.column_of("split"),
            metadata=tuple(self._columns_of("metadata")),
            layout=Layout(**self.staged.guess["layout"]),
            leave_out_blank=said["leave_out_blank"],
            ignored_labels=tuple(ignored),
        )

    def _found(self) -> list[ClassForm]:
        return [form for form in self.classes if form.cleaned_data["found"]]

    def _new(self) -> list[ClassForm]:
        return [f for f in self.classes if not f.is_empty and _target(f) == NEW_CLASS]

    def specs(self) -> list[ClassSpec]:
        """Classes to add, in the page's order: those of the rows first."""
        specs = [
            ClassSpec(
                name=form.cleaned_data["name"].strip(),
                description=form.cleaned_data["description"],
                colour=form.cleaned_data["colour"],
                shortcut=form.cleaned_data["shortcut"],
            )
            for form in self._new()
        ]
        rows: list[dict[str, Any]] = [
            {"name": spec.name, "shortcut": spec.shortcut} for spec in specs
        ]
        rows += [{"name": name.strip()} for name in self._more_names() if name.strip()]
        if self.more.cleaned_data["none_of_these"]:
            rows.append(self._none_row(specs))
        _fill_in(rows, self.standing, given=len(specs))
        specs += [
            ClassSpec(
                name=row["name"],
                colour=row["colour"],
                shortcut=row["shortcut"],
                is_none="is_none" in row,
            )
            for row in rows[len(specs) :]
        ]
        return specs

    def _none_row(self, specs: list[ClassSpec]) -> dict[str, Any]:
        taken = [row.shortcut for row in self.standing] + [spec.shortcut for spec in specs]
        key = free_key(taken, is_none=True)
        return {"name": "none of these", "colour": 12, "shortcut": key, "is_none": True}

    def _more_names(self) -> list[str]:
        return str(self.more.cleaned_data["more_classes"]).splitlines()

    def label_classes(self) -> dict[str, str]:
        """Class name by label of the file, for those that are not called the same."""
        names = {str(row.pk): row.name for row in self.standing}
        said = {
            f.cleaned_data["found"]: (_target(f), f.cleaned_data["name"]) for f in self._found()
        }
        return {
            found: name if target == NEW_CLASS else names[target]
            for found, (target, name) in said.items()
            if target != NO_LABEL
        }

    def refuse(self, refused: Refused) -> None:
        """Put a refusal beside the field that it speaks of."""
        if refused.row is not None:
            form = self._form_of_spec(refused.row)
            form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        elif refused.field in self.about.fields and self.is_new:
            self.about.add_error(refused.field, refused.message)
        elif refused.field in self.roles.fields:
            self.roles.add_error(refused.field, refused.message)
        else:
            self.errors.append(refused.message)

    def _form_of_spec(self, row: int) -> forms.Form:
        rows = self._new()
        if row < len(rows):
            return rows[row]
        return self.more

    # ---- what the page shows beside them ----

    def preview(self) -> list[tuple[int, list[str]]]:
        rows = self.staged.guess["preview"]
        return [(line, [cells.get(name, "") for name in self.columns]) for line, cells in rows]

    def role_fields(self) -> list[forms.BoundField]:
        return [self.roles[f"{ROLE}{i}"] for i in range(len(self.columns))]

    def blank(self) -> dict[str, Any]:
        """How many rows have no text, and the first lines of them."""
        facts = self.facts(self.column_of("text"))
        lines = ", ".join(f"{line:,}" for line in facts.get("blank_lines", []))
        return {"n": facts.get("n_blank", 0), "lines": lines}

    @property
    def label_column(self) -> str | None:
        return self.column_of("label")

    def template_row(self) -> ClassForm:
        """An empty row for the browser to copy; its number is put in the place of "new"."""
        return ClassForm(prefix="class-new", targets=self._targets())

    def too_many_labels(self) -> bool:
        return self.facts(self.column_of("label")).get("values", {}) is None


def _target(form: ClassForm) -> str:
    return str(form.cleaned_data["target"] or NEW_CLASS)


def _stem(name: str) -> str:
    stem = name.rsplit(".", 1)[0].replace("_", " ").replace("-", " ").strip()
    return "" if name == "pasted lines" else (stem[:1].upper() + stem[1:])[:120]


def _posted_rows(data: QueryDict | None) -> list[dict[str, Any]]:
    """Class rows as they were posted, those without anything in them left out."""
    if data is None:
        return []
    n_rows = read_int(data.get("n_classes", "")) or 0
    names = ("found", "target", "name", "description", "colour", "shortcut")
    rows = [
        {name: data.get(f"class-{i}-{name}", "") for name in names}
        for i in range(min(n_rows, MAX_CLASSES + 100))
    ]
    return [row for row in rows if row["found"] or row["name"].strip()]


def _fill_in(rows: list[dict[str, Any]], standing: Iterable[LabelClass], *, given: int = 0) -> None:
    """Colours and keys for rows that have none, each key once; `given` rows stay as they are."""
    standing = list(standing)
    taken = {row.shortcut for row in standing}
    taken |= {row.get("shortcut", "").lower() for row in rows}
    free = [key for key in FREE_KEYS if key not in taken]
    for number, row in enumerate(rows):
        row.setdefault("target", NEW_CLASS)
        row.setdefault("description", "")
        row["colour"] = row.get("colour") or (len(standing) + number) % 12 + 1
        if "shortcut" not in row:
            row["shortcut"] = free.pop(0) if free and number >= given else ""

"""Both uses of the wizard's second step, a new project and more texts, on one state of forms."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict

from projects.models import LabelClass, StagedUpload
from projects.models.project import InputKind
from projects.reading import ColumnChoice, Layout
from projects.reading.labels import SEPARATORS, hint, values_of
from projects.reading.limits import MAX_CLASSES
from projects.reading.scanning import same
from projects.reading.tables import CATEGORICAL, NUMERIC, Feature
from projects.reading.tables import KINDS as FEATURE_KINDS
from projects.services.classes import FREE_KEYS, NONE_KEY, ClassSpec, free_key
from projects.services.refusals import Refused
from projects.views.numbers import read_int
from projects.views.wizard_forms import (
    ANY_NUMBER,
    NEW_CLASS,
    NO_LABEL,
    ONE,
    AboutForm,
    ClassForm,
    ColumnsForm,
    LayoutForm,
    MoreClassesForm,
)

TEXT, TABLE = InputKind.TEXT.value, InputKind.TABLE.value
EMPTY_ROWS = 2
ROLE = "role-"
F = TypeVar("F", bound=forms.Form)


class Wizard:
    """Every form of the page. `data` is what was posted, None when the page is opened.

    With `check` off, what was posted is shown again without a word about what is missing: the
    person only asked to read the file another way. `fresh_columns`: the columns are new, so that
    what was posted about the old ones is void. `kind`: text or table; as posted or guessed without
    it. `features`: of the table that the rows are added to, fixed; `multilabel`: whether texts of
    the project that they are added to have any number of classes.
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
        kind: str | None = None,
        features: Sequence[Feature] = (),
        multilabel: bool | None = None,
    ) -> None:
        self.staged, self.data, self.is_new = staged, data, is_new
        self.check = check and data is not None
        self.features = tuple(features)
        self.fixed_multilabel = multilabel
        self.kind = kind or self._kind_said(None if fresh_columns else data)
        self.standing = list(standing)
        self.columns = [str(column["name"]) for column in staged.guess["columns"]]
        self.errors: list[str] = []
        self.about = self._form(AboutForm, {"name": _stem(staged.name)})
        if self.is_table:
            self.about.fields["description"].label = "What is asked of each row"
            question = {"placeholder": "Will this client take the offer?"}
            self.about.fields["description"].widget.attrs.update(question)
        self.more = self._form(MoreClassesForm, {})
        guess = staged.guess["layout"]
        self.layout = LayoutForm(None if fresh_columns else data, initial=guess)
        self.roles = self._columns_form(None if fresh_columns else data)
        self.classes = self._class_forms()

    def _kind_said(self, data: QueryDict | None) -> str:
        said = data.get("input_kind", "") if data is not None else ""
        return said if said in {TEXT, TABLE} else str(self.staged.guess.get("input_kind", TEXT))

    @property
    def is_table(self) -> bool:
        return self.kind == TABLE

    # ---- forms from the guess or from what was posted ----

    def _form(self, form: type[F], initial: dict[str, Any]) -> F:
        if self.check or self.data is None:
            return form(self.data, initial=initial)
        posted = {name: self.data.get(name, "") for name in form.base_fields}
        return form(initial=posted)

    def _columns_form(self, data: QueryDict | None) -> ColumnsForm:
        roles = self._guessed_roles()
        initial = {f"{ROLE}{i}": roles[name] for i, name in enumerate(self.columns)}
        several = self._lists_of_several(next((c for c, r in roles.items() if r == "label"), None))
        initial |= {"label_use": "gold", "label_separator": ""}
        initial |= {"multilabel": ANY_NUMBER if several else ONE}
        form = partial(
            ColumnsForm, columns=self.columns, is_table=self.is_table, fixed=dict(self.features)
        )
        if data is None or self.check:
            return form(data, initial=initial)
        posted = {name: data[name] for name in (*initial, "leave_out_blank") if name in data}
        return form(initial=initial | posted)

    def _guessed_roles(self) -> dict[str, str]:
        guess = self.staged.guess
        if not self.is_table:
            return dict(guess["roles"])
        fixed = dict(self.features)
        roles = guess.get("table_roles") or dict.fromkeys(self.columns, "metadata")
        others = {
            name: "metadata" if fixed and role in FEATURE_KINDS else role
            for name, role in roles.items()
        }
        return others | {name: kind for name, kind in fixed.items() if name in roles}

    def _class_forms(self) -> list[ClassForm]:
        rows = _posted_rows(self.data)
        posted = {row["found"]: row for row in rows if row["found"]}
        found = self._found_rows()
        self.unseen = [row["name"] for row in found if self.check and row["found"] not in posted]
        forms_ = [posted.get(row["found"], row) for row in found]
        forms_ += [row for row in rows if not row["found"]]
        if self.is_new and not forms_:
            forms_ += [{"found": "", "name": ""} for _ in range(EMPTY_ROWS)]
        if self.multilabel and not self.check:
            for row in forms_:  # a key that was proposed before "any number" was chosen
                if row.get("shortcut") == NONE_KEY:
                    del row["shortcut"]
        self._fill_in(forms_)
        return [self._class_form(row, number) for number, row in enumerate(forms_)]

    def _fill_in(self, rows: list[dict[str, Any]], *, given: int = 0) -> None:
        _fill_in(rows, self.standing, given=given, without=NONE_KEY if self.multilabel else "")

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
        values = self._label_values() or {}
        return dict(sorted(values.items(), key=lambda pair: (-pair[1][1], pair[0])))

    def _label_values(self) -> Any:
        """As `projects.reading.labels.values_of`; nothing where no column is the label."""
        column = self.column_of("label")
        if column is None:
            return {}
        return values_of(
            self.staged.guess, column, multilabel=self.multilabel, separator=self.separator
        )

    # ---- one class a text, or any number ----

    @property
    def multilabel(self) -> bool:
        """Whether a text has any number of classes; a row of a table has one."""
        if self.fixed_multilabel is not None:
            return self.fixed_multilabel
        return not self.is_table and self.roles["multilabel"].value() == ANY_NUMBER

    @property
    def separator(self) -> str:
        """Where a label of a cell ends, "" where a cell is one label."""
        said = str(self.roles["label_separator"].value() or "")
        return said if self.multilabel and said in SEPARATORS else ""

    def separator_hint(self) -> dict[str, Any]:
        """The separator that stands in cells of the label column and is not chosen (yet)."""
        column = self.column_of("label")
        found = hint(self.staged.guess, column) if column and not self.separator else ""
        if not found:
            return {}
        values = values_of(self.staged.guess, column or "", multilabel=True, separator=found)
        return {"separator": found, "n_labels": len(values), "choose": SEPARATORS[found]}

    def lists_of_several(self) -> int:
        """Rows whose cell in the label column is a list of more than one label."""
        return self._lists_of_several(self.column_of("label"))

    def _lists_of_several(self, column: str | None) -> int:
        return int(self.facts(column).get("n_long_lists") or 0)

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
            if n > 1 or (role == "text" and n == 0 and not self.is_table):
                self.errors.append(
                    f"{n} columns are “{role}”; choose {'' if role == 'text' else 'at most '}one."
                )
        if self.is_table and not self.chosen_features():
            self.errors.append(
                "No column is a number or a category that the model reads: choose at least one."
            )
        if self.lists_of_several() and not self.multilabel:
            words = (
                "one class a text here"
                if self.fixed_multilabel is False
                else "say that a text has any number of classes, or choose another column"
            )
            self.errors.append(
                f"Cells of “{self.column_of('label')}” list several labels: {words}."
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
            features=self._features(),
            id=self.column_of("id"),
            label=self.column_of("label"),
            label_use=said["label_use"] or "gold",
            split=self.column_of("split"),
            metadata=tuple(self._columns_of("metadata")),
            layout=Layout(**self.staged.guess["layout"]),
            leave_out_blank=said["leave_out_blank"] or self.is_table,
            ignored_labels=tuple(ignored),
            multilabel=self.multilabel,
            label_separator=self.separator,
        )

    def chosen_features(self) -> list[tuple[str, str]]:
        """(name, kind) of the columns that the model reads, in the file's order."""
        said = [str(self.roles[f"{ROLE}{i}"].value()) for i in range(len(self.columns))]
        pairs = zip(self.columns, said, strict=True)
        return [(name, role) for name, role in pairs if self.is_table and role in FEATURE_KINDS]

    def _features(self) -> tuple[Feature, ...]:
        """Of an existing table all of its own, so that what the file lacks is named."""
        return self.features or tuple(self.chosen_features())

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
        if self.more.cleaned_data["none_of_these"] and not self.multilabel:
            rows.append(self._none_row(specs))
        self._fill_in(rows, given=len(specs))
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

    def table_notes(self) -> dict[str, list[Any]]:
        """Of the features chosen: those that never vary, those with missing cells, and numbers
        with words among them.
        """
        facts = [(self.facts(name), kind) for name, kind in self.chosen_features()]
        return {
            "numbers": [f["name"] for f, kind in facts if kind == NUMERIC],
            "categories": [f["name"] for f, kind in facts if kind == CATEGORICAL],
            "constant": [f["name"] for f, _ in facts if not f.get("varies", True)],
            "missing": [(f["name"], f["n_missing"]) for f, _ in facts if f.get("n_missing")],
            "words": [
                (f["name"], f["first_word"])
                for f, kind in facts
                if kind == NUMERIC and f.get("first_word")
            ],
        }

    @property
    def label_column(self) -> str | None:
        return self.column_of("label")

    def template_row(self) -> ClassForm:
        """An empty row for the browser to copy; its number is put in the place of "new"."""
        return ClassForm(prefix="class-new", targets=self._targets())

    def too_many_labels(self) -> bool:
        return self._label_values() is None


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


def _fill_in(
    rows: list[dict[str, Any]], standing: Iterable[LabelClass], *, given: int = 0, without: str = ""
) -> None:
    """Colours and keys for rows that have none, each key once, and `without` this key; `given` rows
    stay as they are.
    """
    standing = list(standing)
    taken = {row.shortcut for row in standing} | {without}
    taken |= {row.get("shortcut", "").lower() for row in rows}
    free = [key for key in FREE_KEYS if key not in taken]
    for number, row in enumerate(rows):
        row.setdefault("target", NEW_CLASS)
        row.setdefault("description", "")
        row["colour"] = row.get("colour") or (len(standing) + number) % 12 + 1
        if "shortcut" not in row:
            row["shortcut"] = free.pop(0) if free and number >= given else ""

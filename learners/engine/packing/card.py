"""What a model of the ladder says of itself, after the outline of model cards.

Mitchell et al. 2019, "Model Cards for Model Reporting", FAT* (doi 10.1145/3287560.3287596): model
details, intended use, factors, metrics, evaluation data, training data, quantitative analyses,
ethical considerations, caveats and recommendations. What nobody wrote is said to be missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from learners.engine.intervals import Interval

NOBODY = "Nobody wrote this part."
OUTSIDE = (
    "It also learned from a model outside of the project; what that was trained on is not known. "
)


@dataclass(frozen=True)
class ClassFacts:
    """One class: what it means, what trained it, and how well it is found.

    `n_train`: labelled examples of it, None where it was not counted. `recall` and `precision`: of
    the random examples, None where there was none to tell.
    """

    name: str
    description: str = ""
    n_train: int | None = None
    recall: Interval | None = None
    precision: Interval | None = None


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model of the ladder.

    Attributes:
        project, description: its name, and what it is about.
        title: the kind of model in a few words; `kind` its short name, `how` a sentence or two and `paper`
            where the idea comes from.
        version: of the project, None where it was not kept as one.
        made_at: ISO 8601 text. manifest_digest: SHA-256 of `manifest.json`.
        licence: of the embedding model's weights that are inside, "" where none are; `source` whence.
        intended_use, ethics, caveats: what the lead wrote, "" for nothing.
        data: a sentence on where the examples came from. note: what else it learned from, and what to
            know of its figures. learned_from_outside: from answers or texts of an outside model.
        n_train: labelled examples it learned from. n_audit: random ones it was measured on.
        accuracy, macro_f1: on those; None with `unmeasured`, the reason.
        speed: what was measured of it, in words -> value in words.
        versions: library -> version it was trained with.
        is_table, multilabel: what goes in and comes out. deferral: the probability below which it
            leaves the decision to a person; `deferral_rule` the whole rule as `model.json` has it, and
            `deferral_said` what was measured of it, a sentence.
        word: what an example is called.
    """

    project: str
    kind: str
    title: str
    manifest_digest: str
    made_at: str
    classes: Sequence[ClassFacts]
    description: str = ""
    how: str = ""
    paper: str = ""
    version: int | None = None
    licence: str = ""
    source: str = ""
    intended_use: str = ""
    ethics: str = ""
    caveats: str = ""
    data: str = ""
    note: str = ""
    learned_from_outside: bool = False
    n_train: int | None = None
    n_audit: int = 0
    accuracy: Interval | None = None
    macro_f1: Interval | None = None
    unmeasured: str = "No random examples were answered yet."
    max_tokens: int = 0
    speed: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    is_table: bool = False
    multilabel: bool = False
    deferral: float | None = None
    deferral_rule: Mapping[str, Any] = field(default_factory=dict)
    deferral_said: str = ""

    @property
    def word(self) -> str:
        return "rows" if self.is_table else "texts"


def facts_json(facts: ModelFacts, *, files: Mapping[str, str], inputs_from: str) -> dict[str, Any]:
    """`card.json`: the same for programs, and the SHA-256 of every other file."""
    return {
        "format": 2,
        "outline": "Mitchell et al. 2019, doi 10.1145/3287560.3287596",
        **asdict(facts),
        "versions": dict(sorted(facts.versions.items())),
        "parity_inputs": inputs_from,
        "files_sha256": dict(sorted(files.items())),
    }


def card_text(facts: ModelFacts, *, run: str, inside: Sequence[str]) -> str:
    """`README.md`.

    Args:
        run: how to run it, a section of Markdown.
        inside: the files, a line each.
    """
    parts = [
        f"# {one_line(facts.project)}: {one_line(facts.title)}",
        facts.description.strip(),
        run,
        f"## Model details\n\n{_details(facts)}",
        f"## Intended use\n\n{facts.intended_use.strip() or NOBODY}",
        f"## Factors\n\n{_factors(facts)}",
        f"## Metrics\n\n{_metrics(facts)}",
        f"## Evaluation data\n\n{_evaluation(facts)}",
        f"## Training data\n\n{_training(facts)}",
        f"## Quantitative analyses\n\n{_analyses(facts)}",
        f"## Ethical considerations\n\n{facts.ethics.strip() or NOBODY}",
        f"## Caveats and recommendations\n\n{_caveats(facts)}",
        "## What is inside\n\n" + "\n".join(f"- {line}" for line in inside),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _details(facts: ModelFacts) -> str:
    version = "Not kept as a version." if facts.version is None else f"Version {facts.version}."
    trained = ", ".join(f"{name} {version}" for name, version in sorted(facts.versions.items()))
    weights = f"Holds weights of {facts.source} under their own licence: {facts.licence}."
    lines = [
        f"{facts.title} (`{facts.kind}`). {facts.how}".strip(),
        f"{version} Made {facts.made_at} with Labeler from the labels of the project “{one_line(facts.project)}”.",
        f"Made of what `manifest.json` says, SHA-256 {facts.manifest_digest}.",
        *[f"The idea: {facts.paper}."] * bool(facts.paper),
        *[f"Texts are cut after {facts.max_tokens} tokens."] * bool(facts.max_tokens),
        *[f"Trained with {trained}."] * bool(trained),
        weights if facts.licence else "Holds no weights of anybody else.",
        "Licence of the model and whom to ask: nobody wrote this part.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _factors(facts: ModelFacts) -> str:
    return (
        f"Nobody examined whether it does as well for different groups of people, languages or sources of "
        f"{facts.word}. By class, see the quantitative analyses."
    )


def _metrics(facts: ModelFacts) -> str:
    lines = [
        f"Accuracy, the share of {facts.word} with the right class, and macro-F1, the mean of each class's F1, so that a rare class weighs as much as a common one.",
        "By class, recall (the share of the class that is found) and precision (the share of what is called so that is so).",
        "Intervals are 95 %: Wilson's for shares, bootstrap for macro-F1.",
    ]
    if facts.deferral is not None:
        lines.append(
            f"Below a probability of {facts.deferral:.3f} it leaves the decision to a person (`deferred`). "
            f"{facts.deferral_said}".rstrip()
        )
    if facts.multilabel:
        lines.append(f"Any number of labels stand on each of the {facts.word}.")
    return "\n".join(f"- {line}" for line in lines)


def _evaluation(facts: ModelFacts) -> str:
    if not facts.n_audit:
        return facts.unmeasured
    return (
        f"{facts.n_audit:,} {facts.word} of the project that were set aside at random before any model saw them, "
        "each answered by people. Neither this model nor any model of the project that it learned from was trained "
        f"on them. {OUTSIDE * facts.learned_from_outside}The figures say nothing about {facts.word} of another kind."
    )


def _training(facts: ModelFacts) -> str:
    n = "" if facts.n_train is None else f"{facts.n_train:,} labelled {facts.word}. "
    rows = [
        f"| {cell(each.name)} | {'–' if each.n_train is None else each.n_train} | {cell(each.description)} |"
        for each in facts.classes
    ]
    table = [f"| Class | Labelled {facts.word} | What it means |", "|---|---|---|", *rows]
    said = " ".join(part.strip() for part in (facts.data, n, facts.note) if part.strip())
    return "\n".join([said or NOBODY, "", *table])


def _analyses(facts: ModelFacts) -> str:
    lines = [
        f"- Accuracy: {share(facts.accuracy) or f'not measured. {facts.unmeasured}'}",
        f"- Macro-F1: {share(facts.macro_f1) or 'not measured. It needs five random answers of every class.'}",
    ]
    rows = [
        f"| {cell(each.name)} | {share(each.recall) or 'not measured'} | {share(each.precision) or 'not measured'} |"
        for each in facts.classes
    ]
    lines += [f"- {what}: {value}" for what, value in facts.speed.items()]
    return "\n".join([*lines, "", "| Class | Recall | Precision |", "|---|---|---|", *rows])


def _caveats(facts: ModelFacts) -> str:
    known = [
        f"It answers with one of its {len(facts.classes)} classes whatever it is given, also {facts.word} that belong to none of them.",
        "Its probabilities are those of a model trained on few labels: look at the intervals before relying on them.",
        "Names of classes stand in the files, and so do words of the project's texts where the model counts words.",
    ]
    return f"{facts.caveats.strip() or NOBODY}\n\nOf every model made this way:\n\n" + "\n".join(
        f"- {line}" for line in known
    )


def share(interval: Interval | None) -> str:
    """ "88.5 % (71 to 96 %, n = 26)", or "" for none."""
    if interval is None:
        return ""
    low, high = round(100 * interval.low), round(100 * interval.high)
    return f"{100 * interval.value:.1f} % ({low} to {high} %, n = {interval.n})"


def one_line(text: str) -> str:
    return " ".join(text.split())


def cell(text: str) -> str:
    """Text as a cell of a Markdown table."""
    return one_line(text).replace("|", "\\|")

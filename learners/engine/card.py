"""What a packed model says of itself: `card.json` for programs, `README.md` for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from learners.engine.features.bag import BagModel
from learners.engine.intervals import Interval
from learners.engine.trunk import Trunk


@dataclass(frozen=True)
class BundleCard:
    """The facts about one fit that only its project knows.

    Attributes:
        project, description: name, and what the project is about.
        data: one sentence on where the texts came from.
        fit: the fit's number. created_at: when it was made, as ISO 8601 text.
        strategy: of the fit. chosen_by: how its texts were drawn, in words -> texts. seed: of the fit. head: the classifier in words.
        n_labels: texts it was trained on; n_known of them had labels that came with the data.
        labels_per_class: class name -> texts.
        accuracy, macro_f1: on audit questions, cross-fitted; None with `unmeasured_because`.
        test_accuracy, test_macro_f1: on the test split that came with the data, None without one.
        n_audit_skipped: audit questions that people skipped.
        versions: library -> version used for training.
        label_names: whether the names and descriptions of the classes were examples too.
        strict: whether the random texts only measured and did not train.
        multilabel: whether a text has any number of classes; then the sets are measured, by
            micro_f1, exact_match (the share of texts whose whole set is right) and test_micro_f1.
        confirmed: what was promised of this very model, in words of guarantee; "" where nothing was.
    """

    project: str
    description: str
    data: str
    fit: int
    created_at: str
    strategy: str
    chosen_by: Mapping[str, int]
    seed: int
    head: str
    n_labels: int
    n_known: int
    labels_per_class: Mapping[str, int]
    accuracy: Interval | None
    macro_f1: Interval | None
    unmeasured_because: str
    test_accuracy: Interval | None
    test_macro_f1: Interval | None
    n_audit_skipped: int
    versions: Mapping[str, str]
    confirmed: str = ""
    label_names: bool = False
    strict: bool = False
    multilabel: bool = False
    micro_f1: Interval | None = None
    exact_match: Interval | None = None
    test_micro_f1: Interval | None = None


def card_data(
    card: BundleCard,
    *,
    trunk: Trunk | None,
    bags: Sequence[BagModel] = (),
    class_names: Sequence[str],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """`card.json`: the facts, the embedding model's own, and the SHA-256 of every other file."""
    return {
        "format": 1,
        **asdict(card),
        "versions": dict(sorted(card.versions.items())),
        "classes": list(class_names),
        "embedder": _embedder_data(trunk) if trunk else None,
        "token_tables": [
            {
                "name": bag.name,
                "sha256": bag.digest,
                "n_tokens": len(bag.table),
                "n_dimensions": bag.n_dimensions,
                "max_tokens": bag.max_tokens,
            }
            for bag in bags
        ],
        "files_sha256": dict(sorted(files.items())),
    }


def _embedder_data(trunk: Trunk) -> dict[str, Any]:
    return {
        "name": trunk.name,
        "sha256": trunk.digest,
        "licence": trunk.licence,
        "source": trunk.source,
        "max_tokens": trunk.max_tokens,
        "n_dimensions": trunk.n_dimensions,
    }


def measured_words(
    interval: Interval | None, *, name: str, because: str, texts: str = "randomly chosen texts"
) -> str:
    """One sentence: value, 95 % interval and n, or why there is none."""
    if interval is None:
        return f"{name}: not measured. {because}".rstrip()
    low, high = round(100 * interval.low), round(100 * interval.high)
    return (
        f"{name}: {100 * interval.value:.1f} %, between {low} and {high} % "
        f"(95 % interval, n = {interval.n} {texts})."
    )


def readme(
    card: BundleCard,
    *,
    trunk: Trunk | None,
    bags: Sequence[BagModel] = (),
    class_names: Sequence[str],
) -> str:
    """`README.md`: how to run the model, how good it is, what it was made from."""
    because = card.unmeasured_because
    sections = [
        f"# {_line(card.project)}\n\n{card.description.strip() or 'A text classifier.'}",
        (RUN_SEVERAL if card.multilabel else RUN) + ("" if trunk else EXPLAIN),
        "## How good it is\n\n"
        + "\n".join(
            "- " + measured_words(interval, name=name, because=because)
            for name, interval in _measures(card)
        )
        + f"\n\n{measured_how(card)}"
        + confirmed_words(card)
        + _test_split(card),
        "## What it learned from\n\n" + _learned(card, class_names),
        "## What is inside\n\n" + _inside(card, trunk, bags),
    ]
    return "\n\n".join(sections) + "\n"


def _measures(card: BundleCard) -> list[tuple[str, Interval | None]]:
    if not card.multilabel:
        return [("Accuracy", card.accuracy), ("Macro-F1", card.macro_f1)]
    return [
        ("Micro-F1, over all labels of all texts", card.micro_f1),
        ("Macro-F1, over the classes", card.macro_f1),
        ("Texts with exactly the right labels", card.exact_match),
    ]


RUN = """## Run it

With Python 3.11 or later:

    pip install -r requirements.txt
    python predict.py "some text"
    python predict.py < texts.txt

One JSON object a line comes out: text, label, probability, and the probability of every label.
Texts with line breaks: `python predict.py --json`, one JSON string a line. From Python:
`from predict import predict`. Nothing is fetched from a network."""

ONE_LABEL = "One JSON object a line comes out: text, label, probability, and the probability of every label."
SEVERAL_LABELS = """A text has any number of labels here. One JSON object a line comes out: text, labels (those whose
probability reaches the label's threshold in `labels.json`, likeliest first, each with its probability;
an empty list says that none does), and the probability of every label."""
RUN_SEVERAL = RUN.replace(ONE_LABEL, SEVERAL_LABELS)
EXPLAIN = """

`python predict.py --explain "some text"` also tells the words that count: what each word adds to each
label's logit, above 0 for the label and below against it. Exact, as this model is a sum over words."""

MEASURED = """These are estimates for texts like those of the project, measured on texts that were drawn at random
before any model saw them, {how} {n_skipped} random texts were
skipped by the annotators and are not counted. The figures are approximate: they say nothing about texts of another kind."""
CROSS_FITTED = """each predicted by a model that was not trained on it (five-fold
cross-fitting). The packed model was then trained on all labels."""
STRICT = """and that trained no model, this one included."""


def measured_how(card: BundleCard) -> str:
    """What the measured numbers are worth, and how they came about."""
    how = STRICT if card.strict else CROSS_FITTED
    return MEASURED.format(how=how, n_skipped=card.n_audit_skipped)


def confirmed_words(card: BundleCard) -> str:
    """The promise as a paragraph of its own, "" where there is none."""
    return f"\n\nConfirmed: {card.confirmed}" if card.confirmed else ""


def _test_split(card: BundleCard) -> str:
    first = (
        ("Micro-F1", card.test_micro_f1) if card.multilabel else ("Accuracy", card.test_accuracy)
    )
    measured = (first, ("Macro-F1", card.test_macro_f1))
    lines = [
        "- "
        + measured_words(interval, name=name, because="", texts="texts of the given test split")
        for name, interval in measured
        if interval
    ]
    return "\n\nOn the test split that came with the data:\n\n" + "\n".join(lines) if lines else ""


def _learned(card: BundleCard, class_names: Sequence[str]) -> str:
    rows = [f"| {_cell(name)} | {card.labels_per_class.get(name, 0)} |" for name in class_names]
    known = (
        f", {card.n_known} of them with labels that came with the data or from programs"
        if card.n_known
        else ""
    )
    names = " The names and descriptions of the classes were examples too." * card.label_names
    return "\n".join(
        [
            f"{card.data.strip()} {card.n_labels} labelled texts{known}. How they were chosen: {_chosen(card)}.{names}".strip(),
            "",
            "| Class | Labelled texts |",
            "|---|---|",
            *rows,
        ]
    )


def _chosen(card: BundleCard) -> str:
    return "; ".join(f"{how} ({n})" for how, n in card.chosen_by.items()) or "there are none"


def _inside(card: BundleCard, trunk: Trunk | None, bags: Sequence[BagModel]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(card.versions.items()))
    return "\n".join(
        [
            f"- Classifier: {card.head}, fit {card.fit} of {card.created_at}, seed {card.seed}.",
            f"- Strategy at that fit: {card.strategy}.",
            *_features(trunk, bags),
            f"- Trained with {versions}.",
            "- `model.onnx` takes token ids and an attention mask and gives probabilities (fp32).",
            *["- `labels.json` holds each label's threshold, chosen on predictions in folds."]
            * card.multilabel,
            "- `card.json` holds all of this for programs, with the SHA-256 of every other file.",
        ]
    )


def _features(trunk: Trunk | None, bags: Sequence[BagModel]) -> list[str]:
    lines = []
    if trunk:
        lines = [
            f"- Embedding model: {trunk.name}, {trunk.n_dimensions} dimensions, from {trunk.source}.",
            f"- Its weights are under their own licence: {trunk.licence}. SHA-256 {trunk.digest}.",
        ]
    lines += [
        f"- {TABLES[bag.name]}: {len(bag.table):,} word pieces, {bag.n_dimensions} dimensions. "
        f"SHA-256 {bag.digest}."
        for bag in bags
    ]
    cut = trunk.max_tokens if trunk else bags[0].max_tokens
    return [*lines, f"- Texts are cut after {cut} tokens."]


TABLES = {
    "lsi": "Latent semantic indexing of the project's texts, words that two of them share",
    "tfidf": "TF-IDF over the commonest words of the project's texts",
    "static": "Static vectors, distilled from an embedding model",
}


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")

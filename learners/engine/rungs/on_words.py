"""Growing a small tree over the words that a text has or has not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from learners.engine.errors import BadTrainingData, PoolTooSmall
from learners.engine.features.bag import BagModel, plain_tokenizer_json
from learners.engine.features.pool import pool_tokens
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.heads.tree import stored
from learners.engine.rules import word_rules_of
from learners.engine.rungs.base import RULES, Files, Surroundings, TrainingData
from learners.engine.rungs.files import bags_files, rules_json
from learners.engine.rungs.fitting import Material
from learners.engine.rungs.trunks import plain_tokenizer, prepared_trunk
from learners.engine.trunk import Trunk

MOST_RULES = 20
FEWEST_TEXTS = 2  # that meet a rule
SHORTEST_WORD = 3
MOST_WORDS = 2_048
STRENGTH = 2.0  # how far frequencies of a rule are drawn towards the classes' shares, in texts


def train_on_words(*, rung: str, data: TrainingData, surroundings: Surroundings) -> Files:
    """Choose words that several texts have, and grow the tree on the labels.

    Raises:
        BadTrainingData: soft labels were given.
        PoolTooSmall: no whole word stands in two texts.
    """
    data.require_two_classes()
    if data.soft is not None:
        raise BadTrainingData("rules do not learn from soft labels")
    surroundings.go_on("counting words", 0.0)
    bag, words = word_table(data.all_texts, prepared_trunk(surroundings))
    texts = [*data.texts, *(text for text, _ in data.names)]
    surroundings.go_on("growing the tree", 0.5)
    tree = grown(Material.of(which_words(bag, texts), data))
    files = bags_files(
        rung=rung, head=tree, data=data, bags=[bag], features="words", head_kind="tree"
    )
    return {**files, RULES: rules_json(word_rules_of(tree, words), data)}


def word_table(texts: Sequence[str], trunk: Trunk) -> tuple[BagModel, list[str]]:
    """The commonest whole words, a column each, and what they are. Pieces inside words say nothing
    to a reader and are left out, as are numbers and marks.
    """
    tokenizer = plain_tokenizer(trunk)
    tokens = pool_tokens(list(texts), tokenizer=tokenizer, max_tokens=trunk.max_tokens)
    pieces = [str(tokenizer.id_to_token(int(each))) for each in tokens.ids]
    whole = np.array([len(each) >= SHORTEST_WORD and each.isalpha() for each in pieces], bool)
    if not whole.any():
        raise PoolTooSmall(
            "no whole word stands in two texts, so there is nothing to make rules of"
        )
    commonest = np.lexsort((tokens.ids, -tokens.n_texts_with, ~whole))[
        : min(MOST_WORDS, whole.sum())
    ]
    places = np.sort(commonest)
    bag = BagModel(
        name="words",
        table=np.ones(len(places), np.float32),
        rows=tokens.kept(places).rows(),
        tokenizer_json=plain_tokenizer_json(tokenizer),
        max_tokens=trunk.max_tokens,
    )
    return bag, [pieces[place] for place in places]


def which_words(bag: BagModel, texts: Sequence[str]) -> NDArray[np.float64]:
    """1 where a text has a word, else 0; and a 1 behind, as trees read rows: (n_texts, n_words + 1)."""
    has = (bag.embed(texts).vectors > 0).astype(np.float64)
    return np.column_stack([has, np.ones(len(has))])


def grown(material: Material) -> TreeHead:
    """The tree of at most `MOST_RULES` leaves that splits best first."""
    rows: Any = material.X[:, :-1].astype(np.float32)
    classes = np.unique(material.y)
    codes = np.searchsorted(classes, material.y)
    tree = DecisionTreeClassifier(
        max_leaf_nodes=MOST_RULES,
        min_samples_leaf=min(FEWEST_TEXTS, max(1, len(rows) // 4)),
        random_state=0,  # ties among words fall the same way each time
    )
    shape = tree.fit(rows, codes, sample_weight=material.weights).tree_
    return stored(shape, rows, codes, material.weights, strength=STRENGTH, classes=classes)

"""Fine-tuning an embedding model on labels: texts of one class drawn together, of two classes apart.

Pairs of texts and the cosine they should have, as SetFit trains its body (Tunstall et al. 2022,
"Efficient few-shot learning without prompts"), with sentence-transformers' own trainer. Needs torch:
for workers.
"""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.embedding import Embedder
from learners.engine.errors import EmbedderUnavailable
from learners.engine.rungs.base import Surroundings

PAIRS_PER_STEP = 16
PAIRS_PER_TEXT = 20
MAX_STEPS = 200
MAX_TOKENS = 128
"""Of a text that is trained on; what the tuned model reads later is cut where it always was."""
LEARNING_RATE = 5e-5
WARM_UP = 0.1  # of the steps


def tune(
    *,
    embedder: Embedder,
    texts: list[str],
    y: NDArray[np.int64],
    surroundings: Surroundings,
    max_steps: int = MAX_STEPS,
) -> None:
    """Train the embedder's weights in place, on (n,) texts and their classes.

    `surroundings.go_on` hears of every step; the share goes from 0 to 1.

    Raises:
        EmbedderUnavailable: a package that training needs is missing, or the device.
        TrainingCancelled: as soon as a step is over.
    """
    import torch  # noqa: PLC0415

    if surroundings.device != "cpu" and not torch.cuda.is_available():
        raise EmbedderUnavailable(
            f"this machine offers no {surroundings.device!r} to train on; use 'cpu'"
        )
    pairs = draw_pairs(y, np.random.default_rng(surroundings.seed), max_steps * PAIRS_PER_STEP)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(surroundings.n_threads)
    cut = embedder.model.max_seq_length
    embedder.model.max_seq_length = min(MAX_TOKENS, cut)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _trainer(embedder.model, texts, pairs, surroundings, folder).train()
    finally:
        embedder.model.max_seq_length = cut
        torch.set_num_threads(n_threads)
    embedder.model.to("cpu").eval()


def draw_pairs(y: NDArray[np.int64], rng: np.random.Generator, at_most: int) -> NDArray[np.int64]:
    """Places of two texts and whether they are of one class, (n_pairs, 3): half are.

    Classes count alike: a text is drawn by its class first.
    """
    n_each = min(at_most, PAIRS_PER_TEXT * len(y)) // 2
    of_class = [np.flatnonzero(y == class_id) for class_id in np.unique(y)]
    places = np.arange(len(of_class))
    alike = [_two(of_class[rng.choice(places)], rng) for _ in range(n_each)]
    apart = [
        [rng.choice(of_class[place]) for place in rng.choice(places, 2, replace=False)]
        for _ in range(n_each)
    ]
    pairs = np.array([[*pair, 1] for pair in alike] + [[*pair, 0] for pair in apart], np.int64)
    return pairs[rng.permutation(len(pairs))]


def _two(rows: NDArray[np.intp], rng: np.random.Generator) -> list[int]:
    """Two different rows, or the only one twice."""
    found: list[int] = rng.choice(rows, 2, replace=len(rows) < 2).tolist()
    return found


def _trainer(
    model: Any, texts: list[str], pairs: NDArray[np.int64], surroundings: Surroundings, folder: str
) -> Any:
    try:
        from datasets import Dataset  # noqa: PLC0415
        from sentence_transformers import (  # noqa: PLC0415
            SentenceTransformerTrainer,
            SentenceTransformerTrainingArguments,
        )
        from sentence_transformers.losses import CosineSimilarityLoss  # noqa: PLC0415

        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=PAIRS_PER_STEP,
            learning_rate=LEARNING_RATE,
            warmup_steps=WARM_UP,
            seed=surroundings.seed,
            use_cpu=surroundings.device == "cpu",
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
    except ImportError as error:
        raise EmbedderUnavailable(
            f"fine-tuning needs accelerate and datasets ({error}); install the requirements again"
        ) from error
    model.model_card_data.generate_widget_examples = (
        False  # a progress bar, for a card nobody reads
    )
    rows = Dataset.from_dict(
        {
            "first": [texts[first] for first, _, _ in pairs],
            "second": [texts[second] for _, second, _ in pairs],
            "label": pairs[:, 2].astype(float).tolist(),
        }
    )
    return SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        loss=CosineSimilarityLoss(model),
        callbacks=[_listener(surroundings)],
    )


def _listener(surroundings: Surroundings) -> Any:
    """Tells of each step, and stops the trainer by `TrainingCancelled`."""
    from transformers import TrainerCallback  # noqa: PLC0415

    class Listener(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            share = state.global_step / max(1, state.max_steps)
            surroundings.go_on("fine-tuning the embedding model", share)

    return Listener()

"""What a file of predictions adds to a project's traffic: counts of all of it, and a sample to keep.

A file may be as long as a year of requests. So that what is kept stays bounded, and no file drowns what
was asked before it, at most `MOST_OF_A_FILE` of its texts are kept, drawn at random (Vitter's algorithm R,
1985, "Random Sampling with a Reservoir"), and at most `MOST_OF_FILES_A_DAY` of all files together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from learners.models import PredictionFile
from learners.services.deferred_answers import Told
from projects.models import KeptPrediction
from projects.models.traffic import Origin
from projects.selectors.reserved import open_random_texts
from projects.services.import_plan import content_hash
from projects.services.traffic.counting import write_counts
from projects.services.traffic.keeping import (
    MOST_OF_A_FILE,
    MOST_OF_FILES_A_DAY,
    Served,
    labels_of,
    redacted,
    write_kept,
)
from projects.services.traffic.tally import Counts, file_key

DAY = timedelta(days=1)


@dataclass
class FileTraffic:
    """What is remembered of one file while it is predicted, until it is written with its end."""

    row: PredictionFile
    rng: np.random.Generator
    counts: Counts = field(default_factory=lambda: Counts(n_requests=1))
    reserved: set[int] = field(default_factory=set)
    _sample: list[tuple[str, Told]] = field(default_factory=list)
    _n_drawn: int = 0

    def see(self, texts: Sequence[str], told: Sequence[Told]) -> None:
        """Count what was told of texts, which are as the project would hold them, and note which of them
        are random questions that nobody has answered.
        """
        hashes = [content_hash(text) for text in texts]
        self.reserved |= open_random_texts(self.row.project_id, hashes)
        self.counts.n_texts += len(told)
        self.counts.n_deferred += sum(bool(one.get("deferred")) for one in told)
        self.counts.by_class.update(label for one in told for label in labels_of(one))
        if self.row.project.traffic_kept:
            for text, one in zip(texts, told, strict=True):
                self._draw(text, one)

    def _draw(self, text: str, told: Told) -> None:
        """Each text with the project's share; of those drawn any `MOST_OF_A_FILE` are as likely."""
        if self.rng.random() >= self.row.project.traffic_share:
            return
        self._n_drawn += 1
        if len(self._sample) < MOST_OF_A_FILE:
            self._sample.append((text, told))
        elif (place := int(self.rng.integers(self._n_drawn))) < MOST_OF_A_FILE:
            self._sample[place] = (text, told)

    def kept(self, now: datetime) -> list[KeptPrediction]:
        """The rows to keep, redacted as the project says now. It may take long: not in a transaction."""
        newest = KeptPrediction.objects.filter(project=self.row.project_id, asked_at__gt=now - DAY)
        room = max(0, MOST_OF_FILES_A_DAY - newest.filter(origin=Origin.FILE).count())
        return redacted([self._served(text, told, now) for text, told in self._sample[:room]])

    def _served(self, text: str, told: Told, now: datetime) -> Served:
        token = self.row.api_token
        return Served.of(
            told,
            id=UUID(bytes=self.rng.bytes(16), version=4),
            project_id=self.row.project_id,
            version_number=self.row.version.number,
            text=text,
            asked_at=now,
            token_name=token.name if token else "",
            origin=Origin.FILE,
        )

    def write(self, kept: Sequence[KeptPrediction], now: datetime) -> None:
        """Count the file and keep those rows: in the transaction that says that it is done."""
        key = file_key(
            project_id=self.row.project_id, version_number=self.row.version.number, at=now
        )
        write_counts({key: self.counts})
        write_kept(kept)

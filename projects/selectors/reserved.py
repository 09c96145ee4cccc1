"""Random questions that nobody has answered yet: whoever sees a model's guess at one cannot answer blind."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

from projects.models import Annotation, Example


def open_random_texts(project_id: int, hashes: Sequence[bytes]) -> set[int]:
    """Ids of the project's texts with these content hashes, (n,) of 32 bytes, that are reserved to measure
    and wait for an answer: the first, or one that knows of a class added since.
    """
    answers = Annotation.objects.filter(
        example=OuterRef("pk"), annotator__isnull=False, state=Annotation.State.LABELLED
    )
    waits = Q(settled=False) | ~Exists(answers.filter(stale=False))
    rows = Example.objects.filter(project=project_id, content_hash__in=hashes)
    # "duplicate" is excluded in words, so that the index over the texts of a project serves.
    rows = rows.exclude(role=Example.Role.DUPLICATE).filter(waits, role=Example.Role.AUDIT)
    return set(rows.values_list("pk", flat=True))

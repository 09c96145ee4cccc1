"""Which text is asked next, of whom, and with which chance."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learners.models import RankedExample
from projects.models import Annotation, Example, LabelClass, Lease, Project, User
from projects.models.annotation import Draw
from projects.services import answering
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.labelling.people import OTHER_TAB, always_pool, answer, asked, claim, make_queue, sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(1, 11)], n_audit=4)
    return project


@pytest.fixture
def pool(project: Project) -> list[Example]:
    return list(project.examples.filter(role="pool").order_by("id"))


def set_share(project: Project, share: float) -> None:
    project.audit_share = share
    project.save(update_fields=["audit_share"])


def served(project: Project, ada: User, yes: LabelClass, n: int) -> list[Example]:
    """The next `n` texts that Ada is asked, each answered, and the queue told."""
    from learners.services import queue

    examples: list[Example] = []
    for _ in range(n):
        example = asked(project, ada, seed=len(examples)).example
        answer(project, ada, example, yes)
        queue.spend(project_id=project.pk, example_id=example.pk)
        examples.append(example)
    return examples


def test_the_served_order_is_the_ranked_order_and_not_the_files(
    project: Project, ada: User, yes: LabelClass, pool: list[Example]
) -> None:
    always_pool(project)
    ranked = [pool[n] for n in (3, 0, 5, 1, 4, 2)]
    make_queue(project, ranked)
    assert served(project, ada, yes, 6) == ranked
    assert ranked != pool


def test_a_queue_question_carries_its_place(
    project: Project, ada: User, pool: list[Example]
) -> None:
    set_share(project, 0.2)
    fit = make_queue(project, pool[2:])
    lease = asked(project, ada, seed=0).lease  # the first draw of seed 0 is 0.64: not an audit
    assert (lease.draw, lease.fit_id, lease.rank) == (Draw.QUEUE, fit.pk, 1)
    assert (lease.strategy, lease.score, lease.chance) == ("margin", -0.1, 0.8)


def test_the_newest_published_fit_serves(project: Project, ada: User, pool: list[Example]) -> None:
    always_pool(project)
    make_queue(project, pool)
    make_queue(project, pool[::-1])
    assert asked(project, ada).example == pool[-1]


def test_audit_questions_come_in_reserved_order_with_their_share(
    project: Project, ada: User, yes: LabelClass
) -> None:
    set_share(project, 0.3)
    lease = asked(project, ada, seed=2).lease  # the first draw of seed 2 is 0.26
    assert (lease.draw, lease.chance, lease.reason) == (Draw.AUDIT, 0.3, "random, to measure")
    assert lease.example.audit_rank == 1


def test_the_audit_share_is_what_is_asked(project: Project, ada: User) -> None:
    set_share(project, 0.2)
    draws = []
    for seed in range(150):
        draws.append(asked(project, ada, seed=seed).lease.draw)
        Lease.objects.all().delete()
    # 150 draws at 0.2: three standard deviations are 14.7
    assert abs(draws.count(Draw.AUDIT) - 30) < 15


def test_a_dry_audit_stream_leaves_all_chance_to_the_queue(
    project: Project, ada: User, pool: list[Example], yes: LabelClass
) -> None:
    set_share(project, 0.2)
    make_queue(project, pool)
    for reserved in project.examples.filter(role="audit"):
        make_label(reserved, yes, ada)
    lease = asked(project, ada, seed=2).lease
    assert (lease.draw, lease.chance) == (Draw.QUEUE, 1.0)


def test_a_dry_pool_leaves_all_chance_to_the_audit_stream(
    project: Project, ada: User, pool: list[Example], yes: LabelClass
) -> None:
    set_share(project, 0.2)
    for text in pool:
        make_label(text, yes, ada)
    lease = asked(project, ada).lease
    assert (lease.draw, lease.chance) == (Draw.AUDIT, 1.0)


def test_before_the_first_fit_texts_are_random_with_the_chance_of_each(
    project: Project, ada: User
) -> None:
    set_share(project, 0.4)
    lease = asked(project, ada).lease
    first = project.examples.filter(role="pool").order_by("random_rank")[0]
    assert (lease.draw, lease.example) == (Draw.RANDOM, first)
    assert lease.chance == pytest.approx(0.6 / 6)  # six texts in the open pool
    assert lease.reason == "no ranking yet, so a random text"


def test_a_used_up_queue_serves_random_texts_and_says_so(
    project: Project, ada: User, yes: LabelClass, pool: list[Example]
) -> None:
    always_pool(project)
    fit = make_queue(project, pool[:1])
    served(project, ada, yes, 1)
    lease = asked(project, ada).lease
    assert lease.draw == Draw.RANDOM
    assert lease.reason == f"the queue of fit {fit.pk} is used up, so a random text"
    assert lease.chance == pytest.approx(1 / 5)


def test_the_same_tab_gets_the_same_question_until_it_is_answered(
    project: Project, ada: User
) -> None:
    first = asked(project, ada, seed=0)
    later = NOW + timedelta(seconds=60)
    again = asked(project, ada, seed=2, now=later)
    assert again.lease == first.lease
    assert again.lease.expires_at == later + timedelta(seconds=project.lease_seconds)


def test_two_tabs_and_two_people_get_different_texts(project: Project, ada: User) -> None:
    ben = make_user("ben")
    texts = {
        asked(project, ada).example,
        asked(project, ada, tab=OTHER_TAB).example,
        asked(project, ben).example,
    }
    assert len(texts) == 3


def test_a_lease_that_expired_frees_its_text(project: Project, ada: User) -> None:
    held = asked(project, ada)
    ben = make_user("ben")
    before = asked(project, ben, now=NOW + timedelta(seconds=599))
    Lease.objects.filter(annotator=ben).delete()
    after = asked(project, ben, now=NOW + timedelta(seconds=600))
    assert before.example != held.example
    assert after.example == held.example


def test_a_text_that_someone_answered_late_is_not_left_before_me(
    project: Project, ada: User, yes: LabelClass
) -> None:
    ben = make_user("ben")
    held = asked(project, ada)
    answer(project, ben, held.example, yes)
    assert asked(project, ada).example != held.example


def test_what_i_skipped_is_asked_of_you_but_not_of_me(project: Project, ada: User) -> None:
    always_pool(project)
    skipped = asked(project, ada).example
    answering.skip(sender=sender(project, ada), example_id=skipped.pk)
    assert asked(project, ada).example != skipped
    assert asked(project, make_user("ben")).example == skipped


def test_ranked_texts_that_were_answered_or_skipped_since_are_passed_over(
    project: Project, ada: User, yes: LabelClass, pool: list[Example]
) -> None:
    always_pool(project)
    make_queue(project, pool)
    answer(project, make_user("ben"), pool[0], yes)  # nobody told the queue
    answering.skip(sender=sender(project, ada), example_id=pool[1].pk)
    RankedExample.objects.filter(example=pool[2]).update(spent=True)
    assert asked(project, ada).example == pool[3]


def test_nothing_is_left_when_all_is_answered(project: Project, ada: User, yes: LabelClass) -> None:
    for example in project.examples.all():
        make_label(example, yes, ada)
    assert claim(project, ada) is None


def test_test_texts_and_duplicates_are_never_asked(ada: User) -> None:
    project = make_project(owner=ada)
    original, split, copy = make_examples(project, ["a", "b", "c"])
    Example.objects.filter(pk=split.pk).update(role="test")
    Example.objects.filter(pk=copy.pk).update(role="duplicate", duplicate_of=original)
    assert asked(project, ada).example == original
    assert claim(project, ada, tab=OTHER_TAB) is None


def test_stale_audit_answers_are_asked_again_first_and_blind(
    project: Project, ada: User, yes: LabelClass
) -> None:
    set_share(project, 1.0)
    third = project.examples.get(audit_rank=3)
    make_label(third, yes, ada)
    Annotation.objects.filter(example=third).update(stale=True)
    question = asked(project, ada)
    assert (question.example, question.lease.draw) == (third, Draw.AUDIT)
    answered = answer(project, ada, third, yes)
    assert (answered.event.kind, answered.annotation.stale) == ("relabel", False)
    assert asked(project, ada).example.audit_rank == 1


def test_a_stale_answer_that_i_skip_is_not_asked_of_me_again(
    project: Project, ada: User, yes: LabelClass
) -> None:
    set_share(project, 1.0)
    third = project.examples.get(audit_rank=3)
    make_label(third, yes, ada)
    Annotation.objects.filter(example=third).update(stale=True)
    answering.skip(sender=sender(project, ada), example_id=third.pk)
    assert asked(project, ada).example.audit_rank == 1


@pytest.fixture
def large(ada: User) -> Project:
    """20,000 texts, 300 of them ranked, statistics fresh."""
    project = make_project(owner=ada, name="Large")
    examples = make_examples(project, [f"text {n}" for n in range(20_000)], n_audit=2_000)
    make_queue(project, examples[5_000:5_300])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return project


def plan_of(sql: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "ranked"), [(0, True), (0, False), (2, True)])
def test_a_claim_never_counts_or_sorts_the_pool(
    large: Project, ada: User, seed: int, ranked: bool
) -> None:
    set_share(large, 0.3)
    if not ranked:
        RankedExample.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        asked(large, ada, seed=seed)
    reads = [q["sql"] for q in queries if q["sql"].startswith("SELECT") and "example" in q["sql"]]
    seen = [node for sql in reads for node in nodes(plan_of(sql))]
    # Only the reserved texts, at most 2,000 of a project, may ever be gone through.
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in seen) <= 2_000
    scans = [n["Relation Name"] for n in seen if n["Node Type"] == "Seq Scan"]
    assert "projects_example" not in scans


def test_the_number_of_queries_of_a_claim_is_small_and_fixed(project: Project, ada: User) -> None:
    counts = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            asked(project, ada, seed=0)
        counts.append(len(queries))
        Lease.objects.all().delete()
    assert max(counts) <= 15


def test_the_first_draws_of_the_seeds_used_here() -> None:
    draws = [np.random.default_rng(seed).random() for seed in (0, 2)]
    assert [round(draw, 2) for draw in draws] == [0.64, 0.26]

"""Which process takes which run."""

from learners.engine.recipes import DEFAULT, MARGIN, REFERENCE
from learners.engine.simulation.processes import Job, _Waiting, jobs_of


def test_every_recipe_runs_with_every_seed() -> None:
    jobs = jobs_of([DEFAULT, REFERENCE], [0, 1])
    assert {(job.recipe.name, job.seed) for job in jobs} == {
        ("default", 0),
        ("default", 1),
        ("reference", 0),
        ("reference", 1),
    }


def test_recipes_of_one_seed_and_the_same_features_follow_each_other() -> None:
    jobs = jobs_of([DEFAULT, REFERENCE, MARGIN], [0])
    assert sorted(job.recipe.name for job in jobs[1:]) == ["default", "margin"]


def test_a_process_keeps_to_its_seed_then_takes_the_next_then_helps() -> None:
    waiting = _Waiting(jobs_of([DEFAULT, REFERENCE], [0, 1]))
    first = [waiting.next_after(None), waiting.next_after(0)]
    assert [job.seed for job in first if job] == [0, 0]
    helped = [waiting.next_after(0), waiting.next_after(5)]
    assert [job.seed for job in helped if job] == [1, 1]
    assert waiting.next_after(1) is None


def test_jobs_that_nobody_took_are_known() -> None:
    waiting = _Waiting([Job(DEFAULT, 0), Job(DEFAULT, 1)])
    waiting.next_after(None)
    assert waiting.rest() == [Job(DEFAULT, 1)]

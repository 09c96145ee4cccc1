"""What a simulation is said to mean: also that there is no difference, or that chance is best."""

import pytest

from learners.engine.recipes import DEFAULT, REFERENCE
from learners.views.simulation_chart import simulation_spec
from learners.views.simulation_sentences import labels_of, saved_words, verdict
from tests.factories import make_project
from tests.simulation.rows import CURVES, make_simulation

pytestmark = pytest.mark.django_db


def said(curves: dict[str, list[float]], n_seeds: int = 3) -> str:
    simulation = make_simulation(make_project(), curves=curves, n_seeds=n_seeds)
    return " ".join(verdict(simulation)).replace("\u00a0", " ")


def test_a_clear_winner_is_named_with_its_gain() -> None:
    # Means over the four points: default 0.81, margin 0.74, reference 0.65, the same in each of the seeds.
    words = said(CURVES)
    assert "Default is best: 16.0 points of mean accuracy above random choice" in words
    assert "from 8 to 32 labels" in words
    assert "With 16 labels (16 to 24) it has the 81 % that random choice has with 32." in words
    assert "Next is Margin, 7.0 points behind, beyond noise." in words


def test_no_difference_beyond_noise_is_said() -> None:
    simulation = make_simulation(make_project(), recipes=(DEFAULT, REFERENCE))
    runs = simulation.results["summaries"][0]
    runs |= {"difference": 0.01, "difference_low": -0.02, "difference_high": 0.04}
    words = " ".join(verdict(simulation))
    assert words.startswith("No difference beyond noise")
    assert "−2.0 to +4.0" in words


def test_chance_may_be_best() -> None:
    words = said({"reference": [0.9] * 4, "default": [0.5] * 4, "margin": [0.6] * 4})
    assert words == "Nothing that was compared did better here than choosing at random."


def test_one_run_tells_nothing_from_noise() -> None:
    assert "in one run: more runs are needed" in said(CURVES, n_seeds=1)


def test_nothing_is_said_before_there_are_results() -> None:
    assert said({}) == ""


@pytest.mark.parametrize(
    ("reached", "saved", "words"),
    [
        (None, None, ("–", "")),
        (16, None, ("16", "")),
        (16, {"labels": 32, "low": 24, "high": 40}, ("16", "32 fewer (24 to 40)")),
        (48, {"labels": -8, "low": -16, "high": 8}, ("48", "8 more (−16 to 8)")),
        (16, {"labels": 0, "low": None, "high": None}, ("16", "as many")),
    ],
)
def test_labels_saved_in_words(
    reached: int | None, saved: dict[str, int] | None, words: tuple[str, str]
) -> None:
    assert saved_words(reached, saved) == words


def test_each_recipe_is_a_line_with_a_band() -> None:
    simulation = make_simulation(make_project())
    labels = labels_of(simulation)
    spec = simulation_spec(simulation.results["summaries"], labels)
    assert len(spec["data"]["values"]) == 3 * 4
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == list(labels.values())

"""What a look at kept predictions found, in words. Pure: plain values in, sentences out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from learners.views.sentences import count

MIN_TEXTS = 50


def drift_sentences(result: dict[str, Any], zone: str) -> list[str]:
    """What drifted, how sure that is, of how many texts, since when; or why nobody can tell."""
    n, n_own = result["n_traffic"], result["n_reference"]
    if result["too_few"]:
        return [
            (
                f"Too few to tell: {count(n, 'different kept text')} and {count(n_own, 'random text')} of the"
                f" project; it takes {MIN_TEXTS} of each."
            )
        ]
    since, until = (_day(result[name], zone) for name in ("since", "until"))
    span = f"of {since}" if since == until else f"of {since} to {until}"
    drifted = [one for one in result["tests"] if one["p_holm"] < 0.05]
    compared = f"{count(n, 'different kept text')} {span}{_origins(result)}, against {count(n_own, 'random text')} of the project"
    n_tests = len(result["tests"])
    if not drifted:
        least = min(one["p_holm"] for one in result["tests"])
        return [
            f"No drift was found in {compared}.",
            (
                f"{n_tests} comparisons, the strongest with p {_p(least)} after Holm’s correction for all of"
                " them. A small drift may go unseen."
            ),
        ]
    return [
        f"Drift: {_listed([_what(what, drifted) for what in _kinds(drifted)])}, in {compared}.",
        (
            f"{n_tests} comparisons with Holm’s correction: of twenty looks at texts of one kind, about one"
            " raises a false alarm. Drift says that texts differ, not that the model is wrong on them."
        ),
    ]


def _origins(result: dict[str, Any]) -> str:
    """Which of them are no requests, in brackets."""
    found = result.get("by_origin", {})
    said = ("route", "from other projects"), ("file", "from files")
    parts = [f"{found[name]:,} {words}" for name, words in said if found.get(name)]
    return f" ({' and '.join(parts)})" if parts else ""


def _kinds(drifted: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(one["what"] for one in drifted))


def _what(what: str, drifted: Sequence[dict[str, Any]]) -> str:
    own = [one for one in drifted if one["what"] == what]
    p = _p(min(one["p_holm"] for one in own))
    words = {
        "embedding": f"what the texts are about ({count(len(own), 'direction')} of their sentence vectors,"
        f" p {p})",
        "distance": f"how far texts lie from the nearest one of the project (p {p})",
        "confidence": f"how sure the model is (p {p})",
        "classes": f"the shares of the predicted classes (p {p})",
    }
    return words[what]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _day(moment: str, zone: str) -> str:
    at = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    return f"{at.day} {at:%b %Y}"

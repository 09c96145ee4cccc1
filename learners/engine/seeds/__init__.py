"""The first questions, before there is a model: points that stand for the whole pool."""

from learners.engine.seeds.kmeans_medoids import kmeans_medoids
from learners.engine.seeds.typical_points import typical_points

__all__ = ["kmeans_medoids", "typical_points"]

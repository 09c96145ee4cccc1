"""Rows that the machine computes and can compute again: delete them all and nothing human is lost."""

from learners.models.confirming import ConfirmationCheck, FrozenPrediction
from learners.models.embedding import EmbeddingSet, Shard
from learners.models.explanation import Explanation
from learners.models.export import ModelExport
from learners.models.fit import Fit, FitRequest, RankedExample, Score
from learners.models.honesty import (
    AuditPredictions,
    AuditSets,
    PoolPredictions,
    PoolSets,
    RandomBaseline,
)
from learners.models.ladder import Ladder, Rung
from learners.models.prediction_file import PredictionFile
from learners.models.seeds import SeedExample, SeedQueue
from learners.models.simulation import Simulation, SimulationRun
from learners.models.traffic_check import TrafficCheck
from learners.models.worker import WorkerHeartbeat

__all__ = [
    "AuditPredictions",
    "AuditSets",
    "ConfirmationCheck",
    "EmbeddingSet",
    "Explanation",
    "Fit",
    "FitRequest",
    "FrozenPrediction",
    "Ladder",
    "ModelExport",
    "PoolPredictions",
    "PoolSets",
    "PredictionFile",
    "RandomBaseline",
    "RankedExample",
    "Rung",
    "Score",
    "SeedExample",
    "SeedQueue",
    "Shard",
    "Simulation",
    "SimulationRun",
    "TrafficCheck",
    "WorkerHeartbeat",
]

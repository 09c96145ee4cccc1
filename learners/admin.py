"""The operator's view of what the machine computed: to look at, never to change."""

from django.contrib import admin

from learners.models import (
    AuditPredictions,
    AuditSets,
    ConfirmationCheck,
    EmbeddingSet,
    Explanation,
    Fit,
    FitRequest,
    FrozenPrediction,
    Ladder,
    ModelExport,
    PoolPredictions,
    PoolSets,
    PredictionFile,
    RandomBaseline,
    RankedExample,
    Rung,
    Score,
    SeedExample,
    SeedQueue,
    Shard,
    Simulation,
    SimulationRun,
    TrafficCheck,
    WorkerHeartbeat,
)
from projects.admin import LookAdmin


@admin.register(EmbeddingSet)
class EmbeddingSetAdmin(LookAdmin):
    list_display = (
        "id", "project", "embedder", "n_done", "n_total", "n_failures", "heartbeat_at", "finished_at",
    )  # fmt: skip
    list_select_related = ("project",)
    search_fields = ("project__name",)
    ordering = ("-id",)


@admin.register(Shard)
class ShardAdmin(LookAdmin):
    list_display = ("id", "embedding_set_id", "n_rows", "vectors", "created_at")
    search_fields = ("=embedding_set__id",)
    search_help_text = "Number of the embedding set"
    ordering = ("-id",)


@admin.register(Fit)
class FitAdmin(LookAdmin):
    list_display = (
        "id", "project", "status", "attempt", "strategy", "n_labels", "started_at",
        "wait_seconds", "fit_seconds", "score_seconds", "worker",
    )  # fmt: skip
    list_select_related = ("project",)
    list_filter = ("status", "forced")
    search_fields = ("project__name", "=id")
    ordering = ("-id",)


@admin.register(FitRequest)
class FitRequestAdmin(LookAdmin):
    list_display = ("id", "project", "requested_at")
    list_select_related = ("project",)
    ordering = ("-id",)


@admin.register(Score)
class ScoreAdmin(LookAdmin):
    list_display = ("id", "fit_id", "metric", "value", "low", "high", "n")
    list_filter = ("metric",)
    search_fields = ("=fit__id",)
    search_help_text = "Number of the fit"
    ordering = ("-id",)


@admin.register(AuditPredictions, AuditSets, PoolPredictions, PoolSets)
class PredictionsAdmin(LookAdmin):
    list_display = ("id", "fit_id", "__str__")
    search_fields = ("=fit__id",)
    search_help_text = "Number of the fit"
    ordering = ("-id",)


@admin.register(RandomBaseline)
class RandomBaselineAdmin(LookAdmin):
    list_display = ("id", "fit_id", "n", "advantage", "advantage_low", "advantage_high")
    search_fields = ("=fit__id",)
    search_help_text = "Number of the fit"
    ordering = ("-id",)


@admin.register(RankedExample)
class RankedExampleAdmin(LookAdmin):
    list_display = ("id", "fit_id", "rank", "example_id", "score", "spent", "reason")
    search_fields = ("=fit__id", "=example__id")
    search_help_text = "Number of the fit or of the example"
    ordering = ("-id",)


@admin.register(SeedQueue)
class SeedQueueAdmin(LookAdmin):
    list_display = (
        "id", "project", "asked_for", "strategy", "ranked_at", "n_ranked_from", "attempt", "error",
    )  # fmt: skip
    list_select_related = ("project",)
    search_fields = ("project__name",)
    ordering = ("-id",)


@admin.register(SeedExample)
class SeedExampleAdmin(LookAdmin):
    list_display = ("id", "queue_id", "rank", "example_id", "score", "spent", "reason")
    search_fields = ("=queue__id", "=example__id")
    search_help_text = "Number of the queue or of the example"
    ordering = ("-id",)


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(LookAdmin):
    list_display = ("name", "kind", "started_at", "seen_at")
    list_filter = ("kind",)
    ordering = ("-seen_at",)


@admin.register(ConfirmationCheck)
class ConfirmationCheckAdmin(LookAdmin):
    list_display = ("id", "confirmation_id", "seen_seq", "error", "retry_at")
    search_fields = ("=confirmation__id",)
    search_help_text = "Number of the confirmation"
    ordering = ("-id",)


@admin.register(FrozenPrediction)
class FrozenPredictionAdmin(LookAdmin):
    list_display = ("id", "confirmation_id", "example_id")
    search_fields = ("=confirmation__id",)
    search_help_text = "Number of the confirmation"
    ordering = ("-id",)
    raw_id_fields = ("confirmation", "example")


@admin.register(Explanation)
class ExplanationAdmin(LookAdmin):
    list_display = ("id", "fit_id", "example_id", "requested_at", "done_at", "error")
    search_fields = ("=fit__id", "=example__id")
    search_help_text = "Number of the fit, or of the example"
    ordering = ("-id",)
    raw_id_fields = ("fit", "example")


@admin.register(Simulation)
class SimulationAdmin(LookAdmin):
    list_display = (
        "id", "project", "status", "source", "budget", "batch", "n_seeds", "n_ended",
        "created_at", "finished_at",
    )  # fmt: skip
    list_select_related = ("project",)
    list_filter = ("status",)
    search_fields = ("project__name", "=id")
    ordering = ("-id",)


@admin.register(SimulationRun)
class SimulationRunAdmin(LookAdmin):
    list_display = (
        "id", "simulation_id", "place", "seed", "status", "attempts", "finished_at", "error",
    )  # fmt: skip
    list_filter = ("status",)
    search_fields = ("=simulation__id",)
    search_help_text = "Number of the simulation"
    ordering = ("-id",)
    raw_id_fields = ("simulation",)


@admin.register(Ladder)
class LadderAdmin(LookAdmin):
    list_display = (
        "id", "project", "status", "forced", "upto_seq", "attempt", "n_train", "n_audit",
        "requested_at", "finished_at",
    )  # fmt: skip
    list_select_related = ("project",)
    list_filter = ("status", "forced")
    search_fields = ("project__name", "=id")
    ordering = ("-id",)
    raw_id_fields = ("project", "requested_by")


@admin.register(Rung)
class RungAdmin(LookAdmin):
    list_display = (
        "id", "ladder_id", "name", "status", "attempts", "accuracy", "macro_f1", "n_bytes",
        "ms_per_1000", "error",
    )  # fmt: skip
    list_filter = ("status", "name")
    search_fields = ("=ladder__id", "manifest_digest")
    search_help_text = "Number of the ladder, or the manifest's digest"
    ordering = ("-id",)
    raw_id_fields = ("ladder",)


@admin.register(PredictionFile)
class PredictionFileAdmin(LookAdmin):
    list_display = ("id", "project", "name", "status", "n_done", "created_at", "expires_at")
    list_select_related = ("project",)
    list_filter = ("status",)
    search_fields = ("project__name", "name")
    ordering = ("-id",)
    raw_id_fields = ("project", "version", "created_by")


@admin.register(ModelExport)
class ModelExportAdmin(LookAdmin):
    list_display = (
        "id",
        "project",
        "rung_id",
        "version_id",
        "kind",
        "n_bytes",
        "finished_at",
        "error",
    )
    list_select_related = ("project",)
    list_filter = ("kind",)
    search_fields = ("project__name",)
    ordering = ("-id",)
    raw_id_fields = ("project", "rung", "version")


@admin.register(TrafficCheck)
class TrafficCheckAdmin(LookAdmin):
    list_display = ("id", "project", "status", "requested_at", "finished_at", "error")
    list_select_related = ("project",)
    list_filter = ("status",)
    search_fields = ("project__name",)
    ordering = ("-id",)
    raw_id_fields = ("project", "requested_by")

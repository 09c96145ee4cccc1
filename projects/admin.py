"""The operator's site: everything can be looked at; people's accounts can be changed, the rest cannot.

Rows here are ledgers or follow from ledgers: a change made past the rules would be in no event.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from projects.models import (
    Annotation,
    AnnotationEvent,
    ApiReceipt,
    ApiToken,
    Confirmation,
    DataImport,
    Example,
    Feedback,
    GoldLabel,
    GoldSet,
    IncomingText,
    KeptPrediction,
    LabelClass,
    Lease,
    Membership,
    ModelVersion,
    Project,
    ProjectEvent,
    Route,
    StagedUpload,
    SyntheticExample,
    Teacher,
    TeacherAnswer,
    TeacherRun,
    TrafficMinute,
    TrafficTotal,
    User,
)

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyUserAdmin = UserAdmin[Any]
else:
    AnyAdmin = admin.ModelAdmin
    AnyUserAdmin = UserAdmin

admin.site.site_header = "Labeler: admin site"
admin.site.site_title = "Labeler"
admin.site.index_title = "Everything that is stored"
admin.site.site_url = "/"


COUNTED_ROWS = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages through the first rows in order: counting all of a big table takes seconds."""

    @cached_property
    def count(self) -> int:
        first_rows: QuerySet[Model] = self.object_list[:COUNTED_ROWS]  # type: ignore[assignment]
        return first_rows.count()


class LookAdmin(AnyAdmin):
    """Rows to look at. No count of the whole table and no list of all foreign rows is ever made."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(AnyUserAdmin):
    """Accounts. None is deleted, since events name their actor: take "active" away instead."""

    list_display = (
        "username",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "date_joined",
    )
    ordering = ("username",)
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(LookAdmin):
    list_display = (
        "id", "name", "n_texts", "n_labelled", "strategy", "is_demo", "last_activity_at", "binned_at",
    )  # fmt: skip
    list_display_links = ("id", "name")
    list_filter = ("is_demo", "strategy", ("binned_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(LookAdmin):
    list_display = ("project", "user", "role", "created_at")
    list_select_related = ("project", "user")
    list_filter = ("role",)
    search_fields = ("project__name", "user__username")


@admin.register(ProjectEvent)
class ProjectEventAdmin(LookAdmin):
    list_display = ("id", "project", "seq", "kind", "actor", "created_at")
    list_select_related = ("project", "actor")
    list_filter = ("kind",)
    search_fields = ("project__name",)
    ordering = ("-id",)


@admin.register(LabelClass)
class LabelClassAdmin(LookAdmin):
    list_display = ("id", "name", "project", "shortcut", "colour", "is_none", "retired_at")
    list_display_links = ("id", "name")
    list_select_related = ("project",)
    search_fields = ("name", "project__name")
    raw_id_fields = ("merged_into",)


@admin.register(DataImport)
class DataImportAdmin(LookAdmin):
    list_display = (
        "id",
        "name",
        "project",
        "kind",
        "status",
        "n_rows",
        "created_at",
        "finished_at",
    )
    list_display_links = ("id", "name")
    list_select_related = ("project",)
    list_filter = ("status", "kind")
    search_fields = ("name", "project__name")
    ordering = ("-id",)


@admin.register(StagedUpload)
class StagedUploadAdmin(LookAdmin):
    list_display = ("id", "name", "user", "kind", "n_bytes", "created_at")
    list_display_links = ("id", "name")
    list_select_related = ("user",)
    ordering = ("-id",)


@admin.register(Example)
class ExampleAdmin(LookAdmin):
    """Found by id or by project's id, both by index: searching inside texts would read them all."""

    list_display = ("id", "project_id", "role", "settled", "__str__")
    search_fields = ("=id", "=project__id")
    search_help_text = "Number of the example, or of its project"
    ordering = ("-id",)
    raw_id_fields = ("project", "data_import", "duplicate_of")


@admin.register(AnnotationEvent)
class AnnotationEventAdmin(LookAdmin):
    list_display = ("id", "project_id", "seq", "kind", "annotator", "draw", "fit_id", "created_at")
    list_select_related = ("annotator",)
    search_fields = ("=id", "=project__id", "=example__id")
    search_help_text = "Number of the event, of its project or of its example"
    ordering = ("-id",)
    raw_id_fields = ("project", "example", "annotator", "undoes")


@admin.register(Annotation)
class AnnotationAdmin(LookAdmin):
    list_display = ("id", "project_id", "example_id", "annotator", "state", "flagged", "updated_at")
    list_select_related = ("annotator",)
    search_fields = ("=id", "=project__id", "=example__id")
    search_help_text = "Number of the annotation, of its project or of its example"
    ordering = ("-id",)
    raw_id_fields = ("project", "example", "annotator", "last_event")


@admin.register(GoldLabel)
class GoldLabelAdmin(LookAdmin):
    list_display = ("id", "example_id", "label_class")
    list_select_related = ("label_class",)
    search_fields = ("=example__id",)
    search_help_text = "Number of the example"
    ordering = ("-id",)
    raw_id_fields = ("example", "label_class")


@admin.register(GoldSet)
class GoldSetAdmin(LookAdmin):
    list_display = ("id", "example_id", "labels")
    search_fields = ("=example__id",)
    search_help_text = "Number of the example"
    ordering = ("-id",)
    raw_id_fields = ("example",)


@admin.register(Confirmation)
class ConfirmationAdmin(LookAdmin):
    list_display = ("id", "project", "fit_id", "target", "result", "n", "n_right", "started_at")
    list_select_related = ("project",)
    list_filter = ("result",)
    search_fields = ("project__name",)
    ordering = ("-id",)
    raw_id_fields = ("project", "started_by", "ended_by")


@admin.register(ModelVersion)
class ModelVersionAdmin(LookAdmin):
    list_display = (
        "id", "project", "number", "stage", "rung", "manifest_digest", "created_by", "created_at",
        "promoted_by", "promoted_at",
    )  # fmt: skip
    list_select_related = ("project", "created_by", "promoted_by")
    list_filter = ("stage", "rung")
    search_fields = ("project__name", "=id", "manifest_digest")
    ordering = ("-id",)
    raw_id_fields = ("project", "created_by", "promoted_by")


@admin.register(Lease)
class LeaseAdmin(LookAdmin):
    list_display = (
        "id",
        "project_id",
        "example_id",
        "annotator",
        "draw",
        "claimed_at",
        "expires_at",
    )
    list_select_related = ("annotator",)
    search_fields = ("=project__id", "=example__id", "annotator__username")
    ordering = ("-id",)
    raw_id_fields = ("project", "example", "annotator")


@admin.register(ApiToken)
class ApiTokenAdmin(LookAdmin):
    list_display = (
        "id", "project", "name", "start", "created_by", "last_used_at", "expires_at", "revoked_at",
    )  # fmt: skip
    list_select_related = ("project", "created_by")
    search_fields = ("project__name", "name")
    ordering = ("-id",)


@admin.register(ApiReceipt)
class ApiReceiptAdmin(LookAdmin):
    list_display = ("id", "token", "key", "status", "created_at")
    list_select_related = ("token",)
    search_fields = ("key",)
    ordering = ("-id",)


@admin.register(Teacher)
class TeacherAdmin(LookAdmin):
    list_display = (
        "id",
        "name",
        "project",
        "model",
        "base_url",
        "spent",
        "consent_at",
        "retired_at",
    )
    list_display_links = ("id", "name")
    list_select_related = ("project",)
    search_fields = ("name", "model", "project__name")


@admin.register(TeacherRun)
class TeacherRunAdmin(LookAdmin):
    list_display = ("id", "teacher", "purpose", "status", "n_done", "n_wanted", "n_failed", "cost")
    list_select_related = ("teacher",)
    list_filter = ("purpose", "status")


@admin.register(TeacherAnswer)
class TeacherAnswerAdmin(LookAdmin):
    list_display = ("id", "teacher", "example_id", "label_class", "purpose", "cost", "asked_at")
    list_select_related = ("teacher", "label_class")
    raw_id_fields = ("example", "run")


@admin.register(SyntheticExample)
class SyntheticExampleAdmin(LookAdmin):
    list_display = ("id", "label_class", "teacher", "accepted", "made_at")
    list_select_related = ("teacher", "label_class")
    list_filter = ("accepted",)


@admin.register(IncomingText)
class IncomingTextAdmin(LookAdmin):
    list_display = ("id", "project", "origin", "reason", "version_number", "created_at")
    list_select_related = ("project",)
    list_filter = ("origin",)
    search_fields = ("project__name",)
    ordering = ("-id",)
    raw_id_fields = ("project", "example")


@admin.register(Route)
class RouteAdmin(LookAdmin):
    list_display = ("id", "project", "label_class", "target", "created_by", "created_at")
    list_select_related = ("project", "label_class", "target", "created_by")
    search_fields = ("project__name", "target__name")
    ordering = ("-id",)


@admin.register(TrafficMinute, TrafficTotal)
class TrafficAdmin(LookAdmin):
    list_display = (
        "id",
        "project",
        "version_number",
        "origin",
        "n_requests",
        "n_texts",
        "n_deferred",
        "n_errors",
    )
    list_select_related = ("project",)
    search_fields = ("project__name",)
    ordering = ("-id",)


@admin.register(KeptPrediction)
class KeptPredictionAdmin(LookAdmin):
    list_display = (
        "id",
        "project",
        "version_number",
        "origin",
        "probability",
        "deferred",
        "asked_at",
    )
    list_select_related = ("project",)
    list_filter = ("origin",)
    search_fields = ("project__name",)
    ordering = ("-asked_at",)


@admin.register(Feedback)
class FeedbackAdmin(LookAdmin):
    list_display = ("id", "project", "version_number", "outcome", "token_name", "received_at")
    list_select_related = ("project",)
    list_filter = ("outcome",)
    search_fields = ("project__name", "token_name")
    ordering = ("-id",)
    raw_id_fields = ("project", "example")

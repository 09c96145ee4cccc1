"""Simulations: what was asked for, how far it is, and what came of each run."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models import Project


class Simulation(models.Model):
    """Recipes compared on labels that are known already, for one project.

    First a task freezes the labels in `data_file`, so that all runs see the same; then each row of
    `SimulationRun` is one unit of work. One task prepares at a time: the one whose `token` stands
    here, as long as `heartbeat_at` is fresh.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Source(models.TextChoices):
        GOLD = "gold", "gold labels of this project"
        LABELS = "labels", "labels that people gave"
        FILE = "file", "an uploaded file"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="simulations")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=10, choices=Source.choices)
    source_name = models.CharField(max_length=255, blank=True, help_text="of the uploaded file")
    file = models.CharField(max_length=300, blank=True, help_text="the upload, in storage")
    columns = models.JSONField(default=dict, help_text="of the upload: text, label, split, layout")
    data_file = models.CharField(max_length=300, blank=True, help_text="npz in storage")
    recipes = models.JSONField(default=list)
    budget = models.PositiveIntegerField()
    batch = models.PositiveIntegerField()
    n_seeds = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    token = models.UUIDField(null=True, help_text="the task that prepares, if one does")
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="tries to prepare")
    n_read = models.PositiveIntegerField(default=0, help_text="texts embedded")
    n_to_read = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=list, help_text="what a reader must know of the data")
    facts = models.JSONField(default=dict, help_text="n_pool, n_test, n_classes")
    results = models.JSONField(default=dict, help_text="summaries, and best against the others")
    n_ended = models.PositiveIntegerField(default=0, help_text="runs that ended, well or not")
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, help_text="the first run")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"simulation {self.pk}: {self.status}"

    @property
    def n_runs(self) -> int:
        return len(self.recipes) * self.n_seeds

    @property
    def is_over(self) -> bool:
        return self.status not in {self.Status.WAITING, self.Status.RUNNING}


class SimulationRun(models.Model):
    """One recipe with one seed. `place`: of the recipe in `Simulation.recipes`."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    simulation = models.ForeignKey(Simulation, on_delete=models.CASCADE, related_name="runs")
    place = models.PositiveIntegerField()
    seed = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["seed", "place"]
        constraints = [
            models.UniqueConstraint(
                fields=["simulation", "place", "seed"], name="one_run_per_recipe_and_seed"
            )
        ]
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                condition=models.Q(status="running"),
                name="running_simulations",
            )
        ]

    def __str__(self) -> str:
        return f"recipe {self.place}, seed {self.seed}: {self.status}"

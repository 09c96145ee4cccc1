"""Predictions of sets of classes; a frozen model's one class becomes a set of one."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.state import StateApps


def one_becomes_a_set(apps: StateApps, _editor: object) -> None:
    rows = apps.get_model("learners", "FrozenPrediction").objects.all()
    rows.update(
        class_ids=django.db.models.Func(models.F("class_id"), template="ARRAY[%(expressions)s]")
    )


def a_set_becomes_one(apps: StateApps, _editor: object) -> None:
    rows = apps.get_model("learners", "FrozenPrediction").objects.all()
    rows.filter(class_ids__len__gt=0).update(class_id=models.F("class_ids__0"))


class Migration(migrations.Migration):
    dependencies = [("learners", "0007_ladder")]

    operations = [
        migrations.AddField(
            "frozenprediction",
            "class_ids",
            django.contrib.postgres.fields.ArrayField(
                models.BigIntegerField(), blank=True, default=list
            ),
        ),
        migrations.AlterField("frozenprediction", "class_id", models.BigIntegerField(default=0)),
        migrations.RunPython(one_becomes_a_set, a_set_becomes_one),
        migrations.RemoveField("frozenprediction", "class_id"),
        migrations.CreateModel(
            "AuditSets",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "example_ids",
                    django.contrib.postgres.fields.ArrayField(models.BigIntegerField()),
                ),
                ("class_ids", django.contrib.postgres.fields.ArrayField(models.BigIntegerField())),
                ("truth", django.contrib.postgres.fields.ArrayField(models.BooleanField())),
                ("said", django.contrib.postgres.fields.ArrayField(models.BooleanField())),
                (
                    "probabilities",
                    django.contrib.postgres.fields.ArrayField(
                        models.FloatField(), help_text="of the class being there"
                    ),
                ),
                (
                    "fit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audit_sets",
                        to="learners.fit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            "PoolSets",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "example_ids",
                    django.contrib.postgres.fields.ArrayField(models.BigIntegerField()),
                ),
                ("class_ids", django.contrib.postgres.fields.ArrayField(models.BigIntegerField())),
                ("said", django.contrib.postgres.fields.ArrayField(models.BooleanField())),
                (
                    "fit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pool_sets",
                        to="learners.fit",
                    ),
                ),
            ],
        ),
    ]

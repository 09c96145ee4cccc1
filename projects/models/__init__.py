"""Rows that people make: projects, label classes, examples, members, ledgers."""

from projects.models.annotation import Annotation, AnnotationEvent, GoldLabel, GoldSet, Lease
from projects.models.api import ApiReceipt, ApiToken
from projects.models.confirmation import Confirmation
from projects.models.example import DataImport, Example, StagedUpload
from projects.models.incoming import IncomingText, Route
from projects.models.label_class import LabelClass
from projects.models.project import Membership, Project, ProjectEvent
from projects.models.teacher import SyntheticExample, Teacher, TeacherAnswer, TeacherRun
from projects.models.traffic import Feedback, KeptPrediction, TrafficMinute, TrafficTotal
from projects.models.user import User
from projects.models.version import ModelVersion

__all__ = [
    "Annotation",
    "AnnotationEvent",
    "ApiReceipt",
    "ApiToken",
    "Confirmation",
    "DataImport",
    "Example",
    "Feedback",
    "GoldLabel",
    "GoldSet",
    "IncomingText",
    "KeptPrediction",
    "LabelClass",
    "Lease",
    "Membership",
    "ModelVersion",
    "Project",
    "ProjectEvent",
    "Route",
    "StagedUpload",
    "SyntheticExample",
    "Teacher",
    "TeacherAnswer",
    "TeacherRun",
    "TrafficMinute",
    "TrafficTotal",
    "User",
]

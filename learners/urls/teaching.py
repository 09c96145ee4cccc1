"""Addresses: an outside teacher, what it is asked, and the texts it writes."""

from django.urls import URLPattern, path

from learners.views import students, synthetic, teaching

BASE = "projects/<int:pk>/settings/teacher/"
MODELS = "projects/<int:pk>/models/"
RUN = f"{BASE}runs/<int:run>/"

urlpatterns: list[URLPattern] = [
    path(BASE, teaching.teacher, name="teacher"),
    path(f"{BASE}state/", teaching.state, name="teacher-state"),
    path(f"{BASE}allow/", teaching.allow_it, name="teacher-allow"),
    path(f"{BASE}stop/", teaching.stop_it, name="teacher-stop"),
    path(f"{BASE}ask/<str:purpose>/", teaching.ask_it, name="teacher-ask"),
    path(f"{RUN}pause/", teaching.pause_run, name="teacher-pause"),
    path(f"{RUN}go-on/", teaching.go_on_with, name="teacher-go-on"),
    path(f"{RUN}cancel/", teaching.cancel_run, name="teacher-cancel"),
    path(f"{BASE}written/", synthetic.written, name="teacher-written"),
    path(f"{BASE}written/use/", synthetic.use, name="teacher-written-use"),
    path(f"{MODELS}teach/", students.teach_one, name="models-teach"),
    path(f"{MODELS}written/", students.compare_written, name="models-written"),
]

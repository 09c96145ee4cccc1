"""What a prediction by the API costs beyond the same model behind a bare FastAPI endpoint.

    python -m benchmarks.serving --bare-python ENV/bin/python [--requests 400] [--texts 4000]

ENV is an environment with benchmarks/bare/requirements.txt; Labeler's own packages are lent to it.
Everything runs on this machine: a PostgreSQL, a Valkey, the web process and the models process as the
starter starts them, and uvicorn with one process. One client, one kept connection each; requests
alternate, so that both see the same machine. Printed: medians and their difference, in milliseconds,
and how many texts a second the static rung predicts in batch on one core, by its CPU time and by the
clock.
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 40
FOOD = ("soup", "bread", "cheese", "apple", "curry", "kitchen", "dinner", "recipe")
TRAINS = ("ticket", "platform", "engine", "station", "delay", "carriage", "timetable", "seat")
FILLING = [
    "please",
    "tell",
    "me",
    "what",
    "happened",
    "to",
    "the",
    "one",
    "that",
    "was",
    "promised",
    "for",
    "today",
    "because",
    "nobody",
    "answered",
]


def sentences(n: int, *, seed: int) -> tuple[list[str], list[int]]:
    """Texts of 15 to 25 words about food (class 1) or trains (class 2)."""
    rng = np.random.default_rng(seed)
    classes = [1 + place % 2 for place in range(n)]
    texts = []
    for each in classes:
        words = rng.choice(FOOD if each == 1 else TRAINS, 4).tolist()
        words += rng.choice(FILLING, int(rng.integers(11, 21))).tolist()
        texts.append(" ".join(rng.permutation(words)))
    return texts, classes


def static_files(cache: Path) -> dict[str, bytes]:
    """A static rung, trained on such texts; its vectors are distilled into `cache` the first time."""
    from learners.engine.embedding import minilm_folder  # noqa: PLC0415
    from learners.engine.rungs import Surroundings, TrainingData, get_rung  # noqa: PLC0415

    texts, y = sentences(200, seed=0)
    names = {1: "Food", 2: "Trains"}
    data = TrainingData(texts=texts, y=np.array(y), pool_texts=texts, class_names=names)
    place = Surroundings(trunk_folder=minilm_folder(), cache_folder=cache, seed=0)
    return dict(get_rung("static").train(data, place))


def in_batch(files: dict[str, bytes], n_texts: int) -> tuple[float, float]:
    """Texts a second on one core: by CPU time, by the clock. Medians of five."""
    from learners.engine.runtime import load_runtime  # noqa: PLC0415

    runtime = load_runtime(files, n_threads=1)
    texts, _ = sentences(n_texts, seed=1)
    runtime.predict_proba(texts[:100])
    cpu, wall = [], []
    for _ in range(5):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        runtime.predict_proba(texts)
        wall.append(n_texts / (time.perf_counter() - begun))
        cpu.append(n_texts / (time.process_time() - cpu_begun))
    return statistics.median(cpu), statistics.median(wall)


def make_site(files: dict[str, bytes]) -> tuple[str, str, Path]:
    """A project whose live model this is: its path in the API, a token, the model's folder."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    from django.utils import timezone  # noqa: PLC0415

    from learners.services.model_files import open_folder, store  # noqa: PLC0415
    from projects.models import LabelClass, Membership, Project, User  # noqa: PLC0415
    from projects.models.project import Role  # noqa: PLC0415
    from projects.services.api_tokens import create_token  # noqa: PLC0415
    from projects.services.versions import KeptModel, add_version, promote  # noqa: PLC0415

    now = timezone.now()
    owner = User.objects.create_user("owner")
    project = Project.objects.create(name="Benchmark", seed=1)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    for name in ("Food", "Trains"):
        LabelClass.objects.create(project=project, name=name)
    stored = store(project_id=project.pk, manifest_digest="0" * 64, files=files)
    model = KeptModel(
        rung="static", rung_label="Static vectors", rung_id=None, manifest={},
        manifest_digest="0" * 64, folder=stored.folder, files=stored.files,
        n_bytes=stored.n_bytes, upto_seq=0,
    )  # fmt: skip
    version = add_version(actor=owner, project=project, model=model, now=now)
    promote(actor=owner, version=version, why="to measure", now=now)
    _, secret = create_token(
        actor=owner, project=project, name="benchmark", scopes=["predict"], days=1,
        random=secrets.token_bytes(32), now=now,
    )  # fmt: skip
    return f"/api/v1/projects/{project.pk}/predict", secret, open_folder(version)


@contextmanager
def processes(commands: Sequence[tuple[list[str], dict[str, str]]], log: Path) -> Iterator[None]:
    """Run them while inside."""
    with log.open("ab") as output:
        running = [
            subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
            for command, environment in commands
        ]
        try:
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


class Asking:
    """One client of one address, over one kept connection."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.path, self.headers = path, {"Content-Type": "application/json", **headers}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Milliseconds, and the answer."""
        sent = json.dumps(body).encode()
        begun = time.perf_counter()
        self.connection.request("POST", self.path, sent, self.headers)
        response = self.connection.getresponse()
        said = response.read()
        took = 1000 * (time.perf_counter() - begun)
        if response.status != 200:
            raise SystemExit(f"{self.path} answered {response.status}: {said[:300]!r}")
        return took, json.loads(said)


def wait_for(port: int) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"Nobody listens at port {port}.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compare(ours: Asking, bare: Asking, n_requests: int) -> None:
    """Print the medians of alternating requests."""
    texts, _ = sentences(n_requests + WARM_UP, seed=2)
    pairs = []
    for text in texts:
        (mine, told), (theirs, bare_told) = ours.ask({"text": text}), bare.ask({"text": text})
        assert told["predictions"][0]["label"] == bare_told["label"]
        pairs.append((mine, theirs))
    pairs = pairs[WARM_UP:]
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    over = statistics.median(a - b for a, b in pairs)
    print(f"one text, {n_requests} requests each, alternating, load {os.getloadavg()[0]:.1f}:")
    print(f"  Labeler's API    {mine:6.2f} ms at the median")
    print(f"  bare FastAPI     {theirs:6.2f} ms")
    print(
        f"  overhead         {mine - theirs:6.2f} ms between medians, {over:.2f} ms median of pairs"
    )


def through_the_api(ours: Asking, n_texts: int) -> None:
    """Print how many texts a second pass in requests of 500."""
    texts, _ = sentences(n_texts, seed=3)
    begun = time.perf_counter()
    for start in range(0, n_texts, 500):
        ours.ask({"texts": texts[start : start + 500]})
    rate = n_texts / (time.perf_counter() - begun)
    print(f"in batch through the API, 500 texts a request: {rate:,.0f} texts/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("--bare-python", required=True, help="of an environment with FastAPI")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--cache", type=Path, default=ROOT / "var" / "benchmarks")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labeler-serving-") as folder:
        os.environ["LABELER_VAR"] = folder
        os.environ["LABELER_API_REQUESTS_A_MINUTE"] = "1000000"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
        from labeler.embedded.services import start_services  # noqa: PLC0415

        services = start_services(Path(folder), say=print)
        try:
            measure(asked, Path(folder))
        finally:
            services.stop()


def measure(asked: argparse.Namespace, var: Path) -> None:
    """The whole run, on services that are up."""
    from labeler.starter.children import child_environment, commands  # noqa: PLC0415

    files = static_files(asked.cache)
    cpu, wall = in_batch(files, asked.texts)
    print(
        f"static rung in batch, one core: {cpu:,.0f} texts/s by CPU time, {wall:,.0f} by the clock"
    )
    path, secret, model = make_site(files)
    port, bare_port = free_port(), free_port()
    started = commands(f"127.0.0.1:{port}")
    lent = os.pathsep.join([str(ROOT), *(p for p in sys.path if p.endswith("site-packages"))])
    bare = [asked.bare_python, "-m", "uvicorn", "--app-dir", "benchmarks/bare", "endpoint:app"]
    bare += ["--port", str(bare_port), "--log-level", "warning", "--no-access-log"]
    running = [
        (started["web"], child_environment(var, "web")),
        (started["models"], child_environment(var, "models")),
        (bare, {**os.environ, "PYTHONPATH": lent, "MODEL": str(model), "OMP_NUM_THREADS": "1"}),
    ]
    with processes(running, var / "serving.log"):
        wait_for(port)
        wait_for(bare_port)
        ours = Asking(port, path, {"Authorization": f"Bearer {secret}"})
        compare(ours, Asking(bare_port, "/predict", {}), asked.requests)
        through_the_api(ours, asked.texts)


if __name__ == "__main__":
    main()

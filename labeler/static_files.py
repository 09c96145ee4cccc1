"""The build step for what browsers load: the chart library's bundle, then the collected files."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

VEGA_LITE = "6.4"


def write_chart_bundle(var: Path) -> Path:
    """Write Vega-Lite's bundle for browsers (an ES module) to `var/vendor/vega.js`, unless it is there.

    The file begins with the versions it was made from, so that an update writes a new one.
    """
    import vl_convert  # noqa: PLC0415  84 MB: only when built

    mark = f"/* Vega-Lite {VEGA_LITE}, bundled by vl-convert {version('vl-convert-python')} */\n"
    path = var / "vendor" / "vega.js"
    if path.exists() and path.open(encoding="utf-8").readline() == mark:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    # None: the library as it is. Its stub asks for a snippet, and an empty one gives an empty file.
    bundle = vl_convert.javascript_bundle(None, vl_version=VEGA_LITE)  # type: ignore[arg-type]
    fresh.write_text(mark + bundle, "utf-8")
    fresh.replace(path)
    return path


def is_built() -> bool:
    """Whether the collected files are those of the present sources."""
    stamp = _stamp()
    manifest = stamp.parent / "staticfiles.json"
    return manifest.exists() and stamp.exists() and stamp.read_text("utf-8") == sources_digest()


def note_built() -> None:
    """Remember the sources that the collected files were made from."""
    _stamp().write_text(sources_digest(), "utf-8")


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / ".sources"


def sources_digest() -> str:
    """Changes with any source's path, size or time: cheaper than reading them all."""
    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            seen.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return seen.hexdigest()

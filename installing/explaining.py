"""pip's long stories as one sentence."""

from pathlib import Path

OFFLINE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Connection refused",
    "Connection reset",
    "Read timed out",
    "ConnectTimeout",
    "ProxyError",
    "Max retries exceeded",
    "Connection timed out",
)


def explain(output: str, log: Path) -> str:
    """What kept pip from installing, and what to do; `log` has the rest."""
    if "No space left on device" in output:
        return f"The disk is full. Free about 4 GB and run `make run` again: it goes on. Log: {log}"
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A downloaded package is not the one that the lock file names, so it was not installed: "
            f"damaged on the way, or replaced. Run `make run` again; if it stays so, see {log}."
        )
    if any(sign in output for sign in OFFLINE):
        return (
            "The package index could not be reached. Check the network (or pip's proxy settings) "
            f"and run `make run` again: what was downloaded is kept. Log: {log}"
        )
    if "No matching distribution found" in output:
        return (
            "The package index has no build of a pinned package for this machine: "
            f"{_line(output, 'No matching distribution')}. Log: {log}"
        )
    return f"pip could not install the packages: {_line(output, 'ERROR')}. Log: {log}"


def _line(output: str, mark: str) -> str:
    lines = [line for line in output.splitlines() if mark in line] or output.splitlines() or [""]
    return lines[-1].strip().removeprefix("ERROR: ").rstrip(".")

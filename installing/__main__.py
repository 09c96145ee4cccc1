"""What `make run` and the other targets start: check the machine, install, hand over.

This file alone is read by whatever Python the machine calls `python3`, perhaps a very old one:
no f-strings, no annotations. The rest of the folder is for the versions that Labeler supports.
"""

from __future__ import print_function

import os
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))


def version_problem(version):
    """The sentence for a Python that Labeler does not run on, an empty text for one that it does."""
    if tuple(version[:2]) in SUPPORTED:
        return ""
    return (
        "Labeler needs Python 3.11, 3.12 or 3.13 (it was tested on 3.11); this one is {0}.{1}. "
        "Install one of them, for instance apt-get install python3.11 python3.11-venv, "
        "then run: make run PYTHON=python3.11".format(version[0], version[1])
    )


def other_python(search_path):
    """A supported Python elsewhere on `search_path`, None if there is none."""
    for minor in (11, 12, 13):
        for folder in search_path.split(os.pathsep):
            candidate = os.path.join(folder, "python3.{0}".format(minor))
            if os.access(candidate, os.X_OK):
                return candidate
    return None


def main():
    """Run the command named on the command line, in a Python that can."""
    problem = version_problem(sys.version_info)
    if problem:
        other = other_python(os.environ.get("PATH", ""))
        if other:
            os.execv(other, [other] + [os.path.abspath(__file__)] + sys.argv[1:])
        sys.stderr.write(problem + "\n")
        return 1
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.dirname(here))
    from installing.commands import run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

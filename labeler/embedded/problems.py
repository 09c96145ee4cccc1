"""What keeps Labeler from starting, as sentences for the person at the terminal."""

import errno


class StartProblem(Exception):
    """Labeler cannot go on. The message is shown as it is: what is wrong and what to do."""


def disk_problem(error: OSError, path: object) -> StartProblem:
    """The sentence for a file that could not be written at `path`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StartProblem(
            f"The disk that holds {path} is full. Free some space, then start Labeler again; "
            "nothing that was saved is lost."
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
        return StartProblem(
            f"Labeler cannot write to {path} ({error.strerror}). Make it a folder that you own, "
            "or name another one: LABELER_VAR=/some/folder make run"
        )
    return StartProblem(f"Labeler cannot use {path}: {error.strerror}.")

"""One place that pins numeric threads, because two processes with two BLAS threads each on two
cores ran small fits over ten times slower than with one thread each."""

_LIMITERS: list[object] = []


def set_threads(n_threads: int) -> None:
    """Let BLAS, OpenMP and torch use `n_threads` threads in this process, from now on.

    Call it once in each worker process, after the fork.
    """
    # Imported first: a limit only reaches libraries that are loaded already.
    import scipy.linalg  # noqa: F401, PLC0415
    import sklearn.linear_model  # noqa: F401, PLC0415
    import torch  # noqa: PLC0415  not at import: pages import this package
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    _LIMITERS.append(threadpool_limits(n_threads))  # kept: collecting it would lift the limit
    torch.set_num_threads(n_threads)

"""`python -m learners.engine.serving`"""

import logging
import os
import sys

# Each of this process's threads computes with one: the cores are shared out among requests.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from learners.engine.serving.process import run  # noqa: E402

logging.basicConfig(
    level=os.environ.get("LABELER_LOG", "INFO"),
    format="%(asctime)s %(levelname)s %(name)s: %(message)s",
)
try:
    run(dict(os.environ))
except (ValueError, OSError) as error:
    sys.exit(f"The models process cannot start: {error}")

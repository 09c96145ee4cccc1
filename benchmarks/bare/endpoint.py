"""The same model behind FastAPI and nothing else: no token, no limit, no version, no checks.

    uvicorn --app-dir benchmarks/bare endpoint:app

`MODEL` names the model's folder; Labeler's own packages must be on the path, for its runtime.
"""

import os
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

from learners.engine.runtime import load_runtime

app = FastAPI()
runtime = load_runtime(Path(os.environ["MODEL"]))


class Asked(BaseModel):
    text: str


@app.post("/predict")
def predict(asked: Asked) -> dict[str, object]:
    shares = runtime.predict_proba([asked.text])[0].tolist()
    best = max(range(len(shares)), key=shares.__getitem__)
    return {
        "label": runtime.class_names[best],
        "probability": shares[best],
        "probabilities": dict(zip(runtime.class_names, shares, strict=True)),
    }

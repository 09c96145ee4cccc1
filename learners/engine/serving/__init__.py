"""A process that loads each model once and predicts with it, and the way to ask it.

`python -m learners.engine.serving` listens at `LABELER_MODELS_URL`. It imports onnxruntime, tokenizers and
numpy (by `learners.engine.runtime`) and neither Django nor anything that trains.
"""

"""What can go wrong in the engine. Every message says what was found and what is needed."""


class EngineError(Exception):
    """Base of all errors the engine raises on purpose; `str(error)` can be shown to a user."""


class NotFitted(EngineError):
    """A model that was never trained was asked for scores or probabilities."""


class OneClassOnly(EngineError):
    """Training needs examples of at least two classes."""


class BadVectors(EngineError):
    """Vectors of the wrong shape or dtype, or with NaN or infinite values."""


class BadAnswer(EngineError):
    """A query strategy returned something else than distinct (indices, finite scores), best first."""


class UnknownStrategy(EngineError):
    """No registered strategy and no importable dotted path has this name."""


class UnknownHead(EngineError):
    """No head has this name."""


class UnknownFeatures(EngineError):
    """No features have this name."""


class PoolTooSmall(EngineError):
    """Too few texts, or too few words in common, to learn features from them."""


class BadFile(EngineError):
    """A stored head, trunk or bundle is damaged or is not what its name says."""


class EmbedderUnavailable(EngineError):
    """The embedding model cannot be loaded; the message says what to do."""


class TrunkMissing(EngineError):
    """The embedder's ONNX graph was not prepared yet, so no model can be packed."""


class CannotExport(EngineError):
    """This embedder has parts that the ONNX export does not know."""


class BadTable(EngineError):
    """A row or a column of a table that cannot be: words where numbers stand, no column that varies."""


class CannotSimulate(EngineError):
    """Labelled data or a plan from which no learning curve can be drawn."""


class UnknownRung(EngineError):
    """No kind of model on the ladder has this name."""


class BadTrainingData(EngineError):
    """Texts, labels, weights and soft labels that do not fit together."""


class TrainingCancelled(EngineError):
    """Somebody asked for the training to stop."""


class CheckFailed(EngineError):
    """A packed model that does not run by itself, or gives other answers than the application."""

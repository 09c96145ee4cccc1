"""What the words of a text add to a fit's guess, for fits that are a sum over words."""

from collections import defaultdict

from tokenizers import Tokenizer

from learners.engine.class_words import word_model
from learners.engine.explaining import WordWeight
from learners.engine.heads import Head
from learners.engine.multilabel import MultiLabelHead
from learners.models import Fit
from learners.selectors.parts import parts_of
from learners.services.prediction import head_of, token_tables_of

SUMS = {"static", "lsi", "tfidf"}


def exact_words(fit: Fit, text: str, place: int) -> list[WordWeight] | None:
    """What each word adds to the logit of the class at `place`, the weightiest first; a word counts
    once, in any case, with all its places together. None where the fit is no sum over words.

    Raises:
        OtherEmbedder, EmbedderUnavailable, BadFile: as `prediction.predict`.
    """
    if not set(parts_of(fit.features)) <= SUMS:
        return None
    head = head_of(fit)
    if not isinstance(head, Head | MultiLabelHead):
        return None
    bags = token_tables_of(fit)
    tokenizer = Tokenizer.from_str(bags[0].tokenizer_json)
    tokenizer.enable_truncation(max_length=bags[0].max_tokens)
    sound = text.encode("utf-8", "replace").decode()
    adds: dict[str, float] = defaultdict(float)
    names: dict[str, str] = {}
    for word in word_model(head, bags).words(sound, tokenizer.encode(sound)):
        name = word.word.casefold()
        names.setdefault(name, word.word)
        adds[name] += word.adds[place]
    found = [WordWeight(names[name], weight) for name, weight in adds.items()]
    return sorted(found, key=lambda word: (-abs(word.weight), word.word))

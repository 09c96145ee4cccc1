"""Names that columns of labelled text usually bear."""

import re

KNOWN_NAMES: dict[str, frozenset[str]] = {
    "text": frozenset(
        [
            "text",
            "texts",
            "sentence",
            "sentences",
            "content",
            "body",
            "message",
            "msg",
            "review",
            "comment",
            "tweet",
            "utterance",
            "document",
            "doc",
            "description",
            "abstract",
            "headline",
            "title",
            "question",
            "query",
            "sms",
            "post",
            "statement",
        ]
    ),
    "id": frozenset(
        [
            "id",
            "uuid",
            "guid",
            "key",
            "idx",
            "index",
            "rowid",
            "recordid",
            "textid",
            "docid",
            "identifier",
        ]
    ),
    "label": frozenset(
        [
            "label",
            "labels",
            "class",
            "classes",
            "category",
            "categories",
            "target",
            "sentiment",
            "intent",
            "topic",
            "gold",
            "annotation",
            "tag",
            "tags",
            "y",
            "included",
            "labelname",
        ]
    ),
    "split": frozenset(["split", "set", "fold", "partition", "subset", "part"]),
}


def plain(name: str) -> str:
    """A column's name without case, blanks and joints: "Text_ID" becomes "textid"."""
    return re.sub(r"[\W_]+", "", name).casefold()

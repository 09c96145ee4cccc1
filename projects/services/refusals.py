"""A rule's answer to input that it does not take, tied to the field that it speaks of."""


class Refused(Exception):
    """`field` names the argument; `row` counts from 0 within a list argument; `message` is a sentence."""

    def __init__(self, field: str, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.row = field, message, row

"""Reading what people bring: pure, streaming, and never guessing in silence.

The bytes of a file become numbered lines (`decoding`), rows (`delimited`, `json_lines`,
`plain_lines` behind `records`) and texts (`texts`). Whatever is wrong is one `BadInput`.
"""

from projects.reading.errors import BadInput
from projects.reading.limits import Limits
from projects.reading.records import Layout
from projects.reading.texts import GOLD, KNOWN, ColumnChoice, TextRow

__all__ = ["GOLD", "KNOWN", "BadInput", "ColumnChoice", "Layout", "Limits", "TextRow"]

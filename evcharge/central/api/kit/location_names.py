"""Names of locations, as bodies may hold them; a handler makes a `Location` of each."""

from typing import Annotated, get_args

from msgspec import Meta

from evcharge.domain.journal_records import Text
from evcharge.domain.location import MAX_CHARS

# As the Registry takes them: plain text on one line.
LocationName = Annotated[str, Meta(min_length=1, max_length=MAX_CHARS, pattern=get_args(Text)[1].pattern)]

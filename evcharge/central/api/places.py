"""Names of locations, as bodies and addresses may hold them."""

from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from evcharge.errors import BadInput
from evcharge.messages import Text

# As the Registry takes them: plain text on one line.
Place = Annotated[str, Meta(min_length=1, max_length=80, pattern=get_args(Text)[1].pattern)]


def check_place(text: str) -> str:
    """Return the name of a location, blanks tidied. Raises BadInput."""
    tidy = " ".join(text.split())
    try:
        return msgspec.convert(tidy, Place)
    except msgspec.ValidationError:
        raise BadInput("location must be 1 to 80 characters of plain text on one line.") from None

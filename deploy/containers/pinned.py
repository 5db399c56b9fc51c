"""Print what evcharge needs, with the extras that are named, one requirement a line: before the program is there."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["project"]
extras = [one for name in sys.argv[2:] for one in project["optional-dependencies"][name]]
print(*project["dependencies"], *extras, sep="\n")

"""Print what evcharge needs, one requirement a line: for pip, before the program is there."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["project"]
print(*project["dependencies"], sep="\n")

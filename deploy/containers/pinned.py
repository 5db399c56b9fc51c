"""Print what evcharge needs, one requirement a line, from pyproject.toml: for pip, before the program is there."""

import sys
import tomllib
from pathlib import Path

print(*tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["project"]["dependencies"], sep="\n")

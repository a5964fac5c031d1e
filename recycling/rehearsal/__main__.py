"""``python -m recycling.rehearsal FOLDER``: the process of a rehearsal, in the foreground."""

import sys
from pathlib import Path

from recycling.rehearsal.serving import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]))

"""Run a command with the loopback service in place of IBM Quantum.

``python -m tests.with_loopback COMMAND`` runs it, and keeps its runs apart from those of devices.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from tests.loopback import LoopbackService


@contextmanager
def loopback_environment():
    """Environment of a process whose IBM Quantum is the service, and whose runs are thrown away."""
    with LoopbackService(seed=1, queue_polls=2) as service, tempfile.TemporaryDirectory() as runs:
        yield os.environ | service.environment() | {"RECYCLING_RUNS": runs}


def main() -> int:
    """Run the command of the arguments; returns its exit code."""
    with loopback_environment() as environment:
        return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())

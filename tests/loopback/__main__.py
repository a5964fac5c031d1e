"""Start the service: ``python -m tests.loopback`` prints its environment and runs until killed."""

from __future__ import annotations

import argparse
import json
from threading import Event

from . import LoopbackService


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="seed of all shots")
    arguments = parser.parse_args()
    with LoopbackService(port=arguments.port, seed=arguments.seed) as service:
        print(json.dumps(service.environment()), flush=True)
        Event().wait()


if __name__ == "__main__":
    main()

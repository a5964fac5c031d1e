"""The rehearsal of IBM Quantum in the process of a test: the unmodified client talks to it.

Environment variables lead the client there::

    with LoopbackService(seed=1) as service:
        service.faults.append(Fault(Drop(accept=True), tag="job:trial-2"))
        subprocess.run(command, env=os.environ | service.environment())
        assert service.accepted("job:trial-2") == 1

It executes jobs on the exact engine, on the snapshots of real devices. Two things are simpler than
on hardware: every shot starts in the thermal state, whatever ``init_qubits`` and ``rep_delay`` say,
and a job is executed when its status is asked for, so that nothing depends on waiting.
"""

from recycling.rehearsal.effects import (
    ACCEPTED,
    TRANSPORT,
    Answer,
    Corrupt,
    Delay,
    Destiny,
    Drop,
    Reset,
    Status,
    Truncate,
    Twice,
)
from recycling.rehearsal.execution import Physics
from recycling.rehearsal.faults import Fault, Faults
from recycling.rehearsal.jobs import JobRecord
from recycling.rehearsal.service import LoopbackService

__all__ = [
    "ACCEPTED",
    "TRANSPORT",
    "Answer",
    "Corrupt",
    "Delay",
    "Destiny",
    "Drop",
    "Fault",
    "Faults",
    "JobRecord",
    "LoopbackService",
    "Physics",
    "Reset",
    "Status",
    "Truncate",
    "Twice",
]

"""Calls that IBM's service does not have: what a rehearsal is doing, faults to come, its end."""

from __future__ import annotations

import os
from collections import Counter
from threading import Timer
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.rehearsal.catalogue import faults_named
from recycling.rehearsal.http import Refusal, Reply, Request, as_json
from recycling.rehearsal.sign_in import authorise_key

if TYPE_CHECKING:
    from recycling.rehearsal.service import LoopbackService


def about(service: LoopbackService, request: Request) -> Reply:
    """Describe the rehearsal: its process, devices, jobs, usage and environment."""
    authorise_key(service, request)
    return as_json(
        {
            "pid": os.getpid(),
            "url": service.url,
            "folder": None if service.folder is None else str(service.folder.resolve()),
            "devices": list(service.chips),
            "plan": service.plan,
            "data_kind": "simulated",
            "jobs": Counter(job.state for job in service.jobs),
            "usage": [service.usage(crn) for crn in service.instances],
            "faults_to_come": service.faults.to_come,
            "faults_injected": service.faults.injected,
            "environment": service.environment(service.plan),
        }
    )


def add_faults(service: LoopbackService, request: Request) -> Reply:
    """Script faults by their names.

    Raises:
        Refusal: there is no such fault.
    """
    authorise_key(service, request)
    try:
        faults = faults_named(str(request.payload().get("names", "")))
    except BadInput as error:
        raise Refusal(400, str(error)) from error
    for fault in faults:
        service.faults.append(fault)
    return as_json({"added": len(faults)})


def stop(service: LoopbackService, request: Request) -> Reply:
    """End the service, once this is answered."""
    authorise_key(service, request)
    Timer(0.1, service.stopping.set).start()
    return as_json({"pid": os.getpid()})

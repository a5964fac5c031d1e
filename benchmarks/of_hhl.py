"""Records of the protocol with HHL, which the benchmarks are about."""

from circuits.algorithms.hhl import HHL
from recycling.inference.states.records import Layout, RecordMap

DESIGN = HHL([[2, -1], [-1, 2]]).design
LAYOUT = Layout.of(DESIGN)
S, B = LAYOUT.target, LAYOUT.bath
BEFORE, AFTER = LAYOUT.before, LAYOUT.after


def raw(arm: str) -> RecordMap:
    """Records of an arm as they are."""
    return RecordMap.raw(LAYOUT, DESIGN.arm(arm).records)

"""Records of the protocol with HHL, which tests of inference are about where they name no other."""

from circuits.algorithms.hhl import HHL
from recycling.inference.states.records import Layout, RecordMap

DESIGN = HHL([[2, -1], [-1, 2]]).design
LAYOUT = Layout.of(DESIGN)
ARMS = DESIGN.arm_names
S, B, C_I = LAYOUT.target, LAYOUT.bath, LAYOUT.output
BEFORE, AFTER = LAYOUT.before, LAYOUT.after
#: Record of the flag in the branch that each arm analyses.
ANALYSED_FLAG = {arm.name: arm.records[0] for arm in DESIGN.arms}


def raw(arm):
    """Records of an arm as they are."""
    return RecordMap.raw(LAYOUT, DESIGN.arm(arm).records)

"""Records of the protocol with HHL, which tests of inference are about where they name no other."""

from circuits.algorithms.hhl import HHL
from recycling.inference.states.records import Layout, RecordMap

DESIGN = HHL([[2, -1], [-1, 2]]).design
LAYOUT = Layout.of(DESIGN)
ARMS, SETTINGS = DESIGN.arm_names, DESIGN.settings
#: Classical registers of a circuit with tomography, in their order.
RECORDED = ("flag", *DESIGN.measured)
S, B, C_I = LAYOUT.target, LAYOUT.bath, LAYOUT.output
BEFORE, AFTER = LAYOUT.before, LAYOUT.after
#: Record of the flag in the branch that each arm analyses.
ANALYSED_FLAG = {arm.name: arm.records[0] for arm in DESIGN.arms}


def raw(arm):
    """Records of an arm as they are."""
    return RecordMap.raw(LAYOUT, DESIGN.arm(arm).records)

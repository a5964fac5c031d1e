"""Schedules belong to circuits by what they contain, in whatever order they come."""

from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit

from recycling.compilation.schedules import attributed, instances

#: Pulses of a gate, as a service may have them; a conditional gate has those of any other.
PULSES = {"x": 1, "sx": 1, "cz": 3, "measure": 5, "rz": 0}
GATES = st.tuples(
    st.sampled_from(["x", "sx", "cz", "rz"]), st.sampled_from([(0, 1), (1, 2)]), st.booleans()
)


def circuit_of(gates):
    """Circuit that measures, then has some gates, each where a condition holds or always."""
    circuit = QuantumCircuit(3, 1)
    circuit.measure(0, 0)
    for name, (first, second), conditional in gates:
        block = QuantumCircuit(3, 1)
        if name == "cz":
            block.cz(first, second)
        elif name == "rz":
            block.rz(0.3, first)
        else:
            getattr(block, name)(first)
        if conditional:
            circuit.if_test((0, 1), block, range(3), [0])
        else:
            circuit.compose(block, inplace=True)
            circuit.barrier()
    return circuit


def schedule_of(gates, pulses, late=0):
    """Schedule of such a circuit as a service reports it: its own messages between the gates."""
    lines = [f"main,barrier,Qubit {qubit},7,0,barrier" for qubit in range(3)]
    lines += ["main,reset_0,Qubit 0,7,64,play", "main,measure_0,AWGR0_0,70,325,capture"]
    lines += ["main,measure_0,Qubit 0,60,64,play"] * (pulses["measure"] - 1)
    lines += ["main,broadcast,Hub,400,900,broadcast", "main,receive,Receive,1300,7,receive"]
    time = 1400 + late
    for name, (first, second), conditional in gates:
        branch = "then" if conditional else "main"
        # A CZ is named from either side.
        label = f"{name}_{first}" if name != "cz" else f"cz_{second}_{first}"
        lines += [f"{branch},{label},Qubit {first},{time},8,play"] * pulses[name]
        lines += [f"{branch},{label},Qubit {first},{time + 8},0,shift_phase"]
        time += 8
    return {"timing": "\n".join(lines) + "\n", "circuit_duration": time}


def on_each_qubit(gates):
    """What happens on each qubit in order: the content by which a schedule is attributed."""
    return [
        [
            (name, (first, second) if name == "cz" else first, conditional)
            for name, (first, second), conditional in gates
            if name != "rz" and qubit in ((first, second) if name == "cz" else (first,))
        ]
        for qubit in range(3)
    ]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_shuffled_job_is_attributed_as_it_was_or_not_at_all(data):
    """No schedule comes to a circuit that it is not of, whatever the order and the pulses."""
    jobs = data.draw(st.lists(st.lists(GATES, max_size=4), min_size=1, max_size=5))
    pulses = {name: data.draw(st.integers(1, 3)) if n else 0 for name, n in PULSES.items()}
    late = data.draw(st.lists(st.integers(0, 1), min_size=len(jobs), max_size=len(jobs)))
    own = [schedule_of(gates, pulses, wait) for gates, wait in zip(jobs, late, strict=True)]
    circuits = [circuit_of(gates) for gates in jobs]
    found = attributed(data.draw(st.permutations(own)), circuits)
    assert found == attributed(own, circuits)
    contents = [on_each_qubit(gates) for gates in jobs]
    for gates, schedule, chosen in zip(contents, own, found, strict=True):
        rivals = [s for other, s in zip(contents, own, strict=True) if other == gates]
        if all(rival == schedule for rival in rivals):
            assert chosen == schedule
        else:
            assert chosen is None


GATE, OTHER = ("x", (0, 1), False), ("x", (1, 2), False)


def test_what_a_service_has_changed_is_not_attributable():
    jobs = [[GATE], [GATE, OTHER]]
    own = [schedule_of(gates, PULSES) for gates in jobs]

    def changed(schedule):
        return attributed([schedule, own[1]], [circuit_of(gates) for gates in jobs])

    def retimed(old, new):
        return changed(own[0] | {"timing": own[0]["timing"].replace(old, new)})

    assert changed(own[0]) == own
    line = "main,x_0,Qubit 0,1400,8,play\n"
    neither = [None, None]
    assert changed(None) == neither
    assert changed({}) == neither
    # A pulse lost or doubled, one on another qubit, a line that is none.
    assert retimed(line, "") == neither
    assert retimed(line, 2 * line) == neither
    assert retimed(line, line.replace("x_0", "x_1")) == neither
    assert retimed(line, "main,x_0,Qubit 0\n") == neither
    # A gate in another branch, and a schedule that is shorter than what it lists.
    assert retimed(line, line.replace("main", "then")) == [None, own[1]]
    assert changed(own[0] | {"circuit_duration": 1403}) == [None, own[1]]


def test_equal_circuits_share_schedules_that_are_equal():
    circuits = [circuit_of([GATE]), circuit_of([GATE])]
    early, late = schedule_of([GATE], PULSES), schedule_of([GATE], PULSES, late=4)
    assert attributed([early, early], circuits) == [early, early]
    assert attributed([early, late], circuits) == [None, None]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_schedules_of_eight_circuits_are_never_swapped(data):
    """In any order, with some missing and some of circuits that are not in the job."""
    gates = data.draw(st.lists(st.lists(GATES, max_size=5), min_size=8, max_size=11))
    jobs, foreign = gates[:8], gates[8:]
    pulses = {name: data.draw(st.integers(1, 3)) if n else 0 for name, n in PULSES.items()}
    # Circuits of equal content that have schedules of different lengths cannot be told apart.
    late = data.draw(st.lists(st.integers(0, 1), min_size=8, max_size=8))
    own = [schedule_of(each, pulses, wait) for each, wait in zip(jobs, late, strict=True)]
    strange = [schedule_of(each, pulses, late=2) for each in foreign]
    given_ones = list(own)
    replaced = data.draw(st.lists(st.sampled_from(range(8)), max_size=3, unique=True))
    for place, other in zip(replaced, [*strange, None, None, None], strict=False):
        given_ones[place] = other
    shuffled = data.draw(st.permutations(given_ones))
    found = attributed(shuffled, [circuit_of(each) for each in jobs])
    contents = [on_each_qubit(each) for each in jobs]
    alien = [on_each_qubit(each) for each in foreign]
    for place, (content, chosen) in enumerate(zip(contents, found, strict=True)):
        alike = [own[n] for n, other in enumerate(contents) if other == content]
        if chosen is not None and content not in alien:
            assert chosen in alike
            assert all(each == chosen for each in alike)
        if chosen is None and not replaced:
            assert any(each != own[place] for each in alike)


def test_circuits_that_differ_in_order_alone_are_told_apart():
    first, second = [GATE, ("sx", (0, 1), False)], [("sx", (0, 1), False), GATE]
    own = [schedule_of(gates, PULSES) for gates in (first, second)]
    circuits = [circuit_of(gates) for gates in (first, second)]
    assert attributed(own[::-1], circuits) == own


def test_an_operation_of_another_length_is_of_another_circuit():
    jobs = [[GATE], [GATE, OTHER], [OTHER], [GATE, OTHER, OTHER]]
    own = [schedule_of(gates, PULSES) for gates in jobs]
    longer = own[0]["timing"].replace("Qubit 0,1400,8,play", "Qubit 0,1400,16,play")
    strange = {"timing": longer, "circuit_duration": 1424}
    found = attributed([strange, *own[1:]], [circuit_of(gates) for gates in jobs])
    assert found == [None, *own[1:]]


def test_circuits_without_an_operation_do_not_tell_how_many_pulses_it_has():
    """Such as assignment circuits in the job of a trial. One schedule of the job is missing."""
    jobs = [[GATE], 2 * [GATE], 3 * [GATE], *([] for _ in range(9))]
    own = [schedule_of(gates, PULSES | {"x": 2}) for gates in jobs]
    found = attributed([*own[:2], None, *own[3:]], [circuit_of(gates) for gates in jobs])
    assert found == [*own[:2], None, *own[3:]]


def test_instances_are_the_operations_of_the_circuit():
    gates = [GATE, ("cz", (1, 2), True), ("rz", (0, 1), False)]
    found = instances(schedule_of(gates, PULSES), circuit_of(gates))
    assert [(each.name, each.qubits, each.conditional) for each in found] == [
        ("measure", (0,), False), ("x", (0,), False), ("cz", (1, 2), True),
    ]  # fmt: skip
    assert [(each.start, each.end) for each in found] == [(60, 395), (1400, 1408), (1408, 1416)]

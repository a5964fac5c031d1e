"""Algorithms with branches that fail: a file for each, and a line here."""

#: Settings of each algorithm by its name: module and class. An installed package adds algorithms
#: by the entry point group ``GROUP``.
ALGORITHMS = {
    "hhl": "circuits.algorithms.hhl:HHLSettings",
    "circuit": "circuits.algorithms.circuit:CircuitSettings",
    "repeat-until-success": "circuits.algorithms.repeat_until_success:RepeatUntilSuccessSettings",
}
GROUP = "recycling.algorithms"

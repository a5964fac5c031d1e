"""Algorithms with branches that fail: a file for each, and a line here."""

#: Settings of each algorithm by its name: module and class. An installed package adds algorithms
#: by the entry point group ``GROUP``.
ALGORITHMS = {
    "hhl": f"{__name__}.hhl:HHLSettings",
    "circuit": f"{__name__}.circuit:CircuitSettings",
    "repeat-until-success": f"{__name__}.repeat_until_success:RepeatUntilSuccessSettings",
}
GROUP = "recycling.algorithms"

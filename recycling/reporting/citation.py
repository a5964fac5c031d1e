"""What a report is cited with: the paper whose experiment it is, and this software."""

from __future__ import annotations

from recycling.devices.profiles import PAPER
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Links, Quotation, Section

_BIBTEX = """\
@misc{{ishida2026recycling,
  title         = {{Thermodynamic Recycling in Quantum Computing: Demonstration Using the
                   {{Harrow}}--{{Hassidim}}--{{Lloyd}} Algorithm and Information Erasure}},
  author        = {{Ishida, Nobumasa and Hasegawa, Yoshihiko}},
  year          = {{2026}},
  eprint        = {{{eprint}}},
  archivePrefix = {{arXiv}}
}}

@software{{thermodynamic_recycling,
  title   = {{thermodynamic-recycling}},
  author  = {{{{The recycling authors}}}},
  version = {{{version}}},
  year    = {{{year}}}
}}
"""


def bibtex(version: str, year: str) -> str:
    """Write the paper, and this software with its version and the year of its use, in BibTeX.

    Example:
        >>> [line for line in bibtex("1.2", "2026").splitlines() if "version" in line]
        ['  version = {1.2},']
    """
    return _BIBTEX.format(eprint=PAPER.removeprefix("arXiv:"), version=version, year=year)


def citation_section(evidence: Evidence) -> Section:
    """How to cite the paper and the version of this software that made the run."""
    record = evidence.run.record
    version = str(record["software"].get("thermodynamic-recycling", "not recorded"))
    paper = ("the paper, " + PAPER, "https://arxiv.org/abs/" + PAPER.removeprefix("arXiv:"))
    return Section(
        "Cite", [Links([paper]), Quotation(bibtex(version, record["created"][:4]), "BibTeX")]
    )

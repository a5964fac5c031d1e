"""A first session: another bath, a run, Fig. 4(b), two devices side by side, tables to keep."""

import sys

import recycling as rc

out = sys.argv[1] if len(sys.argv) > 1 else "runs"
paper = rc.load("paper").with_(measurement={"trials": 2}, sweep={"theta_b": [0.4, 0.78]})
colder = paper.with_(bath__temperature="30 mK")  # all else stays
run = rc.run(colder, out=f"{out}/marrakesh")
rc.plot.fig4b(run).figure.savefig(f"{out}/fig4b.pdf")
other = rc.run(colder.with_(device={"profile": "FakeFez"}), out=f"{out}/fez")
rc.compare(run, other, out=f"{out}/compared.html")
rc.export(run, f"{out}/tables", format="csv")
print(*run.verdicts, sep="\n")

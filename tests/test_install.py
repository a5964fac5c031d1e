"""A wheel in fresh environments: the light core without Qiskit, and the first session of a user."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import recycling as rc

pytestmark = pytest.mark.slow
ROOT = Path(rc.__file__).parents[1]
#: Largest size of the core, MB.
LARGEST = 350
UV = Path(sys.executable).with_name("uv")
#: An unrelated package of that name, whose files must stay.
FOREIGN = "raise RuntimeError('the circuits of another package')\n"
EVERY_MODULE = """
import importlib, pkgutil, sys
import recycling
sys.argv[1:] = []
left = []
for each in pkgutil.walk_packages(recycling.__path__, "recycling.", lambda _name: None):
    if each.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(each.name)
    except ModuleNotFoundError as error:
        left.append((each.name, error.name))
    except recycling.BadInput as error:
        left.append((each.name, str(error)))
assert "circuits" not in sys.modules
print(*(f"{name} {missing}" for name, missing in left), sep="\\n")
"""
CORE = """
import sys
from pathlib import Path
import recycling as rc
run, out = rc.open_run(sys.argv[1]), Path(sys.argv[2])
(run.path / "results.nc").unlink(missing_ok=True)
rc.report(run, rc.analyse(run))
rc.export(run, out / "tables", format="csv")
rc.plot.fig4b(run).figure.savefig(out / "fig4b.pdf")
rc.compare(run, sys.argv[3], out=out / "compared.html")
print(sum(name.partition(".")[0].startswith("qiskit") for name in sys.modules))
"""


@pytest.fixture(scope="module", autouse=True)
def elsewhere():
    """The checkout is not on the path of an environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        yield


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def environment(folder, wheel, extra=""):
    """Python of a new environment that has the wheel, beside a foreign ``circuits``."""
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    packages = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()
    )  # fmt: skip
    (packages / "circuits").mkdir()
    (packages / "circuits" / "__init__.py").write_text(FOREIGN)
    done = subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", python, f"{wheel}{extra}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"no package index: {done.stderr.strip().splitlines()[-1]}")
    return python, packages


def ran(python, *arguments, cwd):
    """Standard output of Python in an environment, far from the checkout."""
    done = subprocess.run(
        [python, "-W", "error", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def core(wheel, tmp_path_factory):
    return environment(tmp_path_factory.mktemp("core") / "venv", wheel)


def test_the_core_is_small(core):
    """Sizes are those of the files as installed; Python's own cache of bytecode is left out."""
    _, packages = core
    files = [path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) / 1e6 <= LARGEST
    assert not list(packages.glob("qiskit*"))


def test_every_module_is_imported_beside_a_foreign_circuits(core, tmp_path):
    python, packages = core
    left = ran(python, "-c", EVERY_MODULE, cwd=tmp_path).split("\n")
    extras = ("qiskit", "zarr", "dask", "requests", "urllib3", "needs ", "uncertainties", "flask")
    assert [line for line in left if line and not line.split(" ", 1)[1].startswith(extras)] == []
    assert [path.name for path in (packages / "circuits").glob("*.py")] == ["__init__.py"]
    assert (packages / "circuits" / "__init__.py").read_text() == FOREIGN


def test_the_core_analyses_reports_exports_and_compares(core, small_run, theory_run, tmp_path):
    copied = shutil.copytree(small_run.path, tmp_path / "run")
    other = shutil.copytree(theory_run.path, tmp_path / "other")
    assert ran(core[0], "-c", CORE, copied, tmp_path, other, cwd=tmp_path).strip() == "0"
    assert "thermodynamic-recycling[simulate]" in (copied / "report.html").read_text("utf-8")
    for name in ("tables", "fig4b.pdf", "compared.html"):
        assert (tmp_path / name).exists()


def test_a_new_user_runs_the_first_session(wheel, tmp_path):
    python, packages = environment(tmp_path / "venv", wheel, "[simulate]")
    script = ROOT / "examples" / "new_user.py"
    assert len(script.read_text("utf-8").splitlines()) <= 15
    printed = ran(python, script, tmp_path / "out", cwd=tmp_path)
    assert printed.count("<Verdict") == 4
    for name in ("fig4b.pdf", "compared.html", "tables", "marrakesh/run.json", "fez/run.json"):
        assert (tmp_path / "out" / name).exists()
    assert (packages / "circuits" / "__init__.py").read_text() == FOREIGN


def test_the_console_script_starts_without_extras(core, tmp_path):
    python, _ = core
    command = python.with_name("recycling")
    done = subprocess.run(
        [command, "replay", "--json"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert 'needs Qiskit: pip install "thermodynamic-recycling[simulate]"' in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert distribution("thermodynamic-recycling").version in subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip

"""What is installed by an extra, and the line for where it is missing.

The core analyses, reads and reports. Whoever needs more calls ``need`` before any work and before
anything is written; the command line gives the same line for an import that fails all the same.
"""

from __future__ import annotations

from importlib.util import find_spec

from recycling.errors import BadInput

PACKAGE = "thermodynamic-recycling"
#: Modules that an extra installs: what they are called in a message, and the extra.
EXTRAS = {
    "qiskit": ("Qiskit", "simulate"),
    "rustworkx": ("Qiskit", "simulate"),
    "stevedore": ("Qiskit", "simulate"),
    "openqasm3": ("Qiskit's reader of OpenQASM 3", "simulate"),
    "qiskit_qasm3_import": ("Qiskit's reader of OpenQASM 3", "simulate"),
    "qiskit_aer": ("Qiskit Aer", "simulate"),
    "qiskit_ibm_runtime": ("IBM's client", "ibm"),
    "qiskit_experiments": ("qiskit-experiments", "experiments"),
    "zarr": ("zarr", "sweep"),
    "distributed": ("Dask", "sweep"),
    "dask": ("Dask", "sweep"),
    "flask": ("Flask", "serve"),
    "jax": ("JAX", "jax"),
    "pyarrow": ("pyarrow", "parquet"),
    "jsonschema": ("jsonschema", "schemas"),
}


def is_missing(module: str) -> bool:
    """Whether a top-level module is not installed; it is not imported.

    Example:
        >>> is_missing("numpy"), is_missing("perpetuum_mobile")
        (False, True)
    """
    try:
        return find_spec(module) is None
    except (ImportError, ValueError):  # hidden by an import hook, or a stub without a spec
        return True


def need(*modules: str) -> None:
    """Refuse to go on where a module of an extra is not installed.

    Raises:
        BadInput: one is missing; the line says which extra installs it.

    Example:
        >>> need("json")
        >>> raise missing("qiskit")
        Traceback (most recent call last):
        recycling.errors.BadInput: needs Qiskit: pip install "thermodynamic-recycling[simulate]"
    """
    for module in modules:
        if is_missing(module):
            raise missing(module)


def missing(module: str) -> BadInput:
    """Error for a module that is not installed: what it is, and the extra that installs it.

    Example:
        >>> str(missing("flask"))
        'needs Flask: pip install "thermodynamic-recycling[serve]"'
    """
    return BadInput(f"needs {EXTRAS[module][0]}: {command(module)}")


def command(module: str) -> str:
    """Command that installs the extra of a module.

    Example:
        >>> print(command("jax"))
        pip install "thermodynamic-recycling[jax]"
    """
    return f'pip install "{PACKAGE}[{EXTRAS[module][1]}]"'


def reason_of_import(error: ImportError) -> BadInput | None:
    """Error for an import that failed, where an extra installs the module; None elsewhere.

    Example:
        >>> reason_of_import(ModuleNotFoundError("...", name="perpetuum_mobile")) is None
        True
    """
    module = (error.name or "").partition(".")[0]
    return missing(module) if module in EXTRAS and is_missing(module) else None

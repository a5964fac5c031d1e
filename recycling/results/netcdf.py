"""A Dataset as the content of a netCDF file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from recycling.extras import is_missing

if TYPE_CHECKING:
    import xarray as xr

#: The libraries below keep tables of open files, and two threads in them at once end the process.
_ALONE = Lock()
#: What stands before the SHA-256 of a file, behind its content, where no reader of netCDF looks.
_MARK = b"\nsha256 "


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Write a Dataset as a netCDF file that ``xarray.open_dataset`` reads without this package.

    ``Dataset.to_netcdf`` makes the same file, but first loads Dask with its scheduler, if they are
    installed, to ask whether one is at work: half a second.

    Example:
        >>> import xarray as xr
        >>> netcdf_bytes(xr.Dataset({"heat": ("trial", [0.0])}))[1:4]
        b'HDF'
    """
    if is_missing("netCDF4"):  # the light core: h5netcdf takes ten times as long
        with _ALONE:
            return bytes(dataset.to_netcdf(engine="h5netcdf"))
    import netCDF4
    from xarray.backends import NetCDF4DataStore

    with _ALONE:
        # A size of 0 leaves the size of the file to the library.
        file = netCDF4.Dataset("in memory", mode="w", format="NETCDF4", memory=0)
        dataset.dump_to_store(NetCDF4DataStore(file))  # type: ignore[no-untyped-call]
        return bytes(file.close())


def with_checksum(content: bytes) -> bytes:
    """Put the SHA-256 of a netCDF file behind its content, where readers of netCDF do not look.

    Example:
        >>> with_checksum(b"content").startswith(b"content")
        True
    """
    return content + _MARK + hashlib.sha256(content).hexdigest().encode() + b"\n"


def read_netcdf(source: bytes | Path) -> xr.Dataset:
    """Read a netCDF file, or its content, with the library that is installed.

    The checksum comes first where there is one: a changed byte may end the process in the library,
    or be another number.

    Raises:
        OSError: it is no netCDF file, or its checksum differs.

    Example:
        >>> import xarray as xr
        >>> read_netcdf(netcdf_bytes(xr.Dataset({"heat": ("trial", [0.5])}))).heat.values.tolist()
        [0.5]
    """
    import xarray as xr

    content = source if isinstance(source, bytes) else source.read_bytes()
    body, mark, digest = content.rpartition(_MARK)
    if mark and digest.strip() != hashlib.sha256(body).hexdigest().encode():
        raise OSError("its checksum differs")
    engine = "h5netcdf" if is_missing("netCDF4") else "netcdf4"
    with _ALONE:
        return xr.load_dataset(content, engine=engine)

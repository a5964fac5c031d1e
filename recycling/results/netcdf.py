"""A Dataset as the content of a netCDF file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Write a Dataset as a netCDF file that ``xarray.open_dataset`` reads without this package.

    ``Dataset.to_netcdf`` makes the same file, but first loads Dask with its scheduler, if they are
    installed, to ask whether one is at work: half a second.

    Example:
        >>> import xarray as xr
        >>> netcdf_bytes(xr.Dataset({"heat": ("trial", [0.0])}))[1:4]
        b'HDF'
    """
    import netCDF4
    from xarray.backends import NetCDF4DataStore

    # A size of 0 leaves the size of the file to the library.
    file = netCDF4.Dataset("in memory", mode="w", format="NETCDF4", memory=0)
    dataset.dump_to_store(NetCDF4DataStore(file))  # type: ignore[no-untyped-call]
    return bytes(file.close())

"""Results as netCDF files: the libraries below are for one thread at a time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from recycling.results.netcdf import netcdf_bytes, read_netcdf


def test_threads_write_and_read_at_once():
    # Without a lock the process ended here, or a variable was missing.
    def there_and_back(number):
        data = {f"v{place}": ("x", np.full(50, number + place)) for place in range(20)}
        found = read_netcdf(netcdf_bytes(xr.Dataset(data)))
        return all((found[name] == values[1]).all() for name, values in data.items())

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(there_and_back, range(16)))

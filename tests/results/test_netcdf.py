"""Results as netCDF files: the libraries below are for one thread at a time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from recycling.results.netcdf import netcdf_bytes, read_netcdf, with_checksum


def test_threads_write_and_read_at_once():
    # Without a lock the process ended here, or a variable was missing.
    def there_and_back(number):
        data = {f"v{place}": ("x", np.full(50, number + place)) for place in range(20)}
        found = read_netcdf(netcdf_bytes(xr.Dataset(data)))
        return all((found[name] == values[1]).all() for name, values in data.items())

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(there_and_back, range(16)))


def test_a_changed_byte_is_found_before_the_library_reads_it():
    # Without a checksum some of these ended the process, and others gave another number.
    given = xr.Dataset({"heat": ("x", np.linspace(0, 1, 500))})
    content = with_checksum(netcdf_bytes(given))
    assert read_netcdf(content).identical(given)
    for place in np.linspace(0, len(content) - 74, 300).astype(int):
        changed = content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :]
        with pytest.raises(OSError, match="its checksum differs"):
            read_netcdf(changed)


def test_a_file_with_its_checksum_is_read_by_others(tmp_path):
    given = xr.Dataset({"heat": ("x", [0.0, 0.5])})
    (tmp_path / "a.nc").write_bytes(with_checksum(netcdf_bytes(given)))
    for engine in ("netcdf4", "h5netcdf"):
        assert xr.load_dataset(tmp_path / "a.nc", engine=engine).equals(given)

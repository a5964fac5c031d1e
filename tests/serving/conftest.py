"""A served folder, made once."""

from types import SimpleNamespace

import pytest

from recycling.serving.application import application
from tests.serving.folder import HOST, fill


@pytest.fixture(scope="session")
def served(small_run, small_dataset, theory_run, tmp_path_factory):
    """A folder of runs, its client, and the answers to it. ``small_dataset`` wrote results.nc."""
    assert small_dataset.sizes["trial"] == 2
    folder = tmp_path_factory.mktemp("served") / "runs"
    folder.mkdir()
    fill(folder, small_run, theory_run)
    app = application(folder)
    client = app.test_client()

    def get(path, **options):
        return client.get(path, base_url=HOST, **options)

    get("/")
    app.extensions["shelf"].wait()
    return SimpleNamespace(folder=folder, shelf=app.extensions["shelf"], client=client, get=get)

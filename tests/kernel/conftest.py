import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from erp_club.kernel import embedded
from erp_club.kernel.embedded_guardian import stop
from tests.kernel.embedded_users import data, server, until


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database has been made and whose server has stopped; the tests copy it."""
    home = tmp_path_factory.mktemp("made")
    embedded.join(home).leave()
    until(lambda: server(home) is None)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home"
    subprocess.run(["cp", "-a", str(made), str(place)], check=True)
    yield place
    stop(data(place))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home"
    yield place
    stop(data(place))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are closed to others."""
    place = Path(tempfile.mkdtemp(prefix="erp-club-test-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    stop(data(place / "home"))
    shutil.rmtree(place)

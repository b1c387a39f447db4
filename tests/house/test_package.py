"""The wheel of a release holds all that an installed shop needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.house import tree


def test_the_wheel_holds_migrations_pages_and_notices(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=tree.ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    migrations = {f"erp_club/alembic/versions/{path.name}" for path in tree.files("alembic/versions", ".py")}
    shown = (*tree.files("web/templates"), *tree.files("web/static"), *tree.files("web/locale"))
    pages = {tree.name(path) for path in shown}
    assert migrations
    assert pages
    assert migrations | pages <= inside
    assert {Path(name).name for name in inside} >= {"LICENSE", "NOTICE", "entry_points.txt"}

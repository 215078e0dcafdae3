from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.project.commands import environment
from tests.project.places import ROOT

FROM_A_WHEEL = """
import sys
import webui
from webui import create_app, open_store
from webui.assets import folder

assert webui.__file__.startswith(sys.argv[1]), webui.__file__
store = open_store("queue.db", create=True)
client = create_app({"STATE_DIR": "state"}, store=store).test_client()
for path in ("/", "/stuck", "/recent", "/static/app.css", "/static/vendor/htmx-4.0.1.min.js"):
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status)
    assert answer.data
    answer.close()
assert "Warteschlange" in client.get("/", headers={"Accept-Language": "de"}).text
store.close()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, a wheel made from it, and in `direct/` a wheel made from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    for command in ([*build, str(folder), str(ROOT)], [*build, str(folder / "direct"), "--wheel", str(ROOT)]):
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return folder


@pytest.mark.parametrize("way", [".", "direct"])
def test_an_installed_wheel_has_its_pages(built: Path, way: str, tmp_path: Path) -> None:
    (wheel,) = (built / way).glob("*.whl")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True)
    clean = environment(tmp_path, {"PYTHONPATH": str(target)})
    subprocess.run([sys.executable, "-c", FROM_A_WHEEL, str(target)], check=True, cwd=tmp_path, env=clean)


def test_both_ways_make_the_same_wheel(built: Path) -> None:
    names = []
    for folder in (built, built / "direct"):
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names.append(sorted(archive.namelist()))
    assert names[0] == names[1]
    assert "webui/py.typed" in names[0]
    assert any(name.endswith("licenses/LICENSE") for name in names[0])


def test_the_sdist_has_what_it_takes_to_build_and_test(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        tops = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    assert tops >= {"webui", "templates", "static", "tests", "Makefile", "pyproject.toml", "README.md", "LICENSE"}

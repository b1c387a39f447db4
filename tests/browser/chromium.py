"""Which Chromium the browser tests drive.

`python -m tests.browser.chromium` installs Debian's where there is none and it may.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The program named by CHROMIUM, else the first of the usual names on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def why_missing() -> str:
    """One line for a person: what was looked for, and what to do."""
    named = os.environ.get("CHROMIUM")
    looked = f"CHROMIUM={named} is no program" if named else f"none of {', '.join(NAMES)} is on the PATH"
    return f"The browser tests are left out: {looked}. Install one, or name it in CHROMIUM."


def main() -> None:
    """Install Debian's chromium where none is found, as root with apt-get; else the tests say that there is none."""
    if find() or os.environ.get("CHROMIUM") or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    sys.stdout.write("Installing Debian's chromium for the browser tests\n")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        if subprocess.run(["apt-get", *command], env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.stdout.write("apt-get could not install chromium.\n")
            return


if __name__ == "__main__":
    main()

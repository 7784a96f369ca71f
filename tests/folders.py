"""Folders for database clusters of tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """A folder that the database's own account can pass through, gone at the end. In pytest's
    folders, which are closed to it, a cluster of root would be put elsewhere and stay there.
    """
    folder = Path(tempfile.mkdtemp(prefix="rd-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)

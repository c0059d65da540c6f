import pytest

from engines.host import free_disk, host_memory


def test_memory_and_disk(tmp_path):
    assert host_memory() > 10**8
    assert free_disk(tmp_path / "not" / "yet") == pytest.approx(free_disk(tmp_path), rel=0.1)

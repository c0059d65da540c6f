import subprocess
import sys

import psutil
import pytest

PARENT = """
import subprocess, sys, time
from benchmarks.server_process import _end_with_parent
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(60)"], preexec_fn=_end_with_parent
)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a promise of the Linux kernel")
def test_a_server_does_not_outlive_a_benchmark_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        assert psutil.wait_procs([child], timeout=10)[1] == []

import pytest

from engines.gpus import GPUS, gpu, identify
from tensorrt_tts.errors import SettingError


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a100", "a100-80"),
        ("A100-40GB", "a100-40"),
        ("A100-80GB", "a100-80"),
        ("A100-80G", "a100-80"),
        ("NVIDIA A100 80 GB", "a100-80"),
        ("a100_40g", "a100-40"),
        (" L4 ", "l4"),
        ("a10", "a10g"),
        ("A10G", "a10g"),
        ("H100!", "h100"),
        ("nvidia h100 80gb", "h100"),
    ],
)
def test_names_and_aliases(name, found):
    assert gpu(name).name == found


@pytest.mark.parametrize("name", ["v100", "", "a100-20", "a100-8", "l40", "h100-40gb", "nvidia"])
def test_unknown_name_lists_the_known_ones(name):
    with pytest.raises(SettingError, match=rf"GPU '{name}' is unknown; .*a100-40, a100-80, l4"):
        gpu(name)


@pytest.mark.parametrize(
    ("product", "memory", "found"),
    [
        ("NVIDIA A100-SXM4-80GB", 81920, "a100-80"),
        ("NVIDIA A100 80GB PCIe", 81920, "a100-80"),
        ("NVIDIA A100-SXM4-40GB", 40960, "a100-40"),
        ("NVIDIA A100-PCIE-40GB", 40536, "a100-40"),
        ("NVIDIA L4", 23034, "l4"),
        ("NVIDIA L40S", 46068, "l40s"),  # not an L4
        ("NVIDIA A10G", 23028, "a10g"),
        ("NVIDIA A10", 23028, "a10g"),
        ("NVIDIA H100 80GB HBM3", 81559, "h100"),
        ("NVIDIA H200", 143771, "h200"),
        ("NVIDIA H100 80GB HBM3 MIG 3g.40gb", 40448, None),  # a slice is not the whole
        ("NVIDIA GeForce RTX 4090", 24564, None),
    ],
)
def test_identify(product, memory, found):
    entry = identify(product, memory)
    assert (entry.name if entry else None) == found


def test_every_gpu_identifies_as_itself():
    for entry in GPUS.values():
        assert identify(f"NVIDIA {entry.products[0]}", entry.memory_mib) is entry

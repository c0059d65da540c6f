"""What vLLM runs in each of its processes at their start."""

from functools import partial


def top_k_top_p_in_torch() -> None:
    """As vLLM does without Triton: this one kernel cannot be interpreted (in Triton 3.9 the counter
    of a tl.range is a plain int there, and the kernel calls a method of it)."""
    from vllm.v1.sample.ops import topk_topp_sampler as sampler

    sampler.apply_top_k_top_p_triton = partial(
        sampler.apply_top_k_top_p_pytorch, allow_cpu_sync=True
    )

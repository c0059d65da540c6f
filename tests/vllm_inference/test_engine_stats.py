from types import SimpleNamespace

from vllm_inference.engine_stats import EngineStats


def step(running: int, waiting: int, usage: float, queries: int, hits: int) -> SimpleNamespace:
    return SimpleNamespace(
        num_running_reqs=running,
        num_waiting_reqs=waiting,
        kv_cache_usage=usage,
        prefix_cache_stats=SimpleNamespace(queries=queries, hits=hits),
    )


def test_gauges_are_the_newest_and_counts_add_up():
    stats = EngineStats()
    stats.record(step(2, 1, 0.5, 40, 0), SimpleNamespace(num_preempted_reqs=1))
    stats.record(step(1, 0, 0.25, 40, 32), None)
    stats.record(None, SimpleNamespace(num_preempted_reqs=2))
    assert (stats.running, stats.waiting, stats.kv_usage) == (1, 0, 0.25)
    assert (stats.prefix_queries, stats.prefix_hits, stats.preemptions) == (80, 32, 3)

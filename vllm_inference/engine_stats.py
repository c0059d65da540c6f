"""What the engine's scheduler last said of itself."""

from __future__ import annotations

from typing import Any


class EngineStats:
    """A stat logger as vLLM calls it, one per engine: keeps the newest figures, writes nothing.

    The scheduler reports after each step, and once more after the step that clears aborted
    requests away, so that an idle engine's figures are those of an idle engine.
    """

    def __init__(self) -> None:
        self.running = 0
        self.waiting = 0
        self.kv_usage = 0.0
        self.prefix_queries = 0
        self.prefix_hits = 0
        self.preemptions = 0

    def record(
        self,
        scheduler_stats: Any | None,
        iteration_stats: Any | None,
        mm_cache_stats: Any | None = None,
        engine_idx: int = 0,
    ) -> None:
        if scheduler_stats is not None:
            self.running = scheduler_stats.num_running_reqs
            self.waiting = scheduler_stats.num_waiting_reqs
            self.kv_usage = scheduler_stats.kv_cache_usage
            self.prefix_queries += scheduler_stats.prefix_cache_stats.queries
            self.prefix_hits += scheduler_stats.prefix_cache_stats.hits
        if iteration_stats is not None:
            self.preemptions += iteration_stats.num_preempted_reqs

    def log_engine_initialized(self) -> None:
        """Part of vLLM's interface; nothing to say."""

    def log(self) -> None:
        """As above."""

    def record_sleep_state(self, is_awake: int, level: int) -> None:
        """As above: this engine is never put to sleep."""

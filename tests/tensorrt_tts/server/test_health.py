from tensorrt_tts.errors import BackendError, EngineDiedError, StalledError
from tensorrt_tts.server.health import STALLS_IN_A_ROW, Health


def test_fresh() -> None:
    health = Health()
    assert (health.live, health.ready, health.status) == (True, True, "ok")


def test_draining_is_live_but_not_ready() -> None:
    health = Health(draining=True)
    assert (health.live, health.ready, health.status) == (True, False, "draining")


def test_a_failed_request_says_nothing_about_the_engine() -> None:
    health = Health()
    health.note_error(BackendError("this one only"))
    assert health.ready


def test_the_first_fault_is_kept() -> None:
    health = Health()
    first = EngineDiedError("first")
    health.note_error(first)
    health.note_error(EngineDiedError("second"))
    assert health.fault is first
    assert (health.live, health.ready, health.status) == (False, False, "failed")


def test_audio_between_stalls_clears_them() -> None:
    health = Health()
    for _ in range(3):
        for _ in range(STALLS_IN_A_ROW - 1):
            health.note_error(StalledError("slow"))
        health.note_audio()
    assert health.live
    for _ in range(STALLS_IN_A_ROW):
        health.note_error(StalledError("slow"))
    assert not health.live

from tensorrt_tts.server.token_bucket import TokenBucket


def test_so_many_at_once_then_as_they_are_earned() -> None:
    now = 0.0
    bucket = TokenBucket(3, 2, lambda: now)
    assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]
    now = 0.4
    assert not bucket.take()
    now = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]


def test_silence_earns_no_more_than_is_allowed_at_once() -> None:
    now = 0.0
    bucket = TokenBucket(2, 2, lambda: now)
    now = 1000.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]

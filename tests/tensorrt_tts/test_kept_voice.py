from __future__ import annotations

from dataclasses import replace

from tensorrt_tts.families.base import Voice
from tensorrt_tts.kept_voice import KeptVoice, generate_all
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.toy_family import ToyParser
from tests.tensorrt_tts.test_prepared import MODEL, ROOM, SENTENCES, Remembering, prepared


def test_later_segments_are_of_the_voice_that_was_heard() -> None:
    first, second = prepared()
    kept = KeptVoice(Remembering(), ROOM)
    assert kept.next(first) is first
    kept.hear(first, [])  # neither is an answer of anybody's
    kept.hear(first, [0, 1, 2])
    assert kept.voice is None
    assert kept.next(second) is second
    kept.hear(first, [7, 7, 7])
    kept.hear(second, [7, 7, 7, 7])
    later = kept.next(second)
    assert kept.voice == later.voice == Voice("xxx", "heard")
    assert later.prompt.ids == (*SENTENCES[1].encode(), *b"xxx")
    assert later.sampling == replace(second.sampling, grammar=later.sampling.grammar)
    assert later.sampling.grammar.prefix == ()
    assert (later.text, later.seed, later.before) == (second.text, second.seed, second.before)


async def test_every_segment_is_generated_with_every_id() -> None:
    backend = BackendDouble(behaviour=Behaviour(frames=5))
    segments = prepared(seed=1)
    found = await generate_all(backend, segments, KeptVoice(MODEL.family, ROOM), "a")
    assert [segment.text for segment, _ in found] == SENTENCES
    assert [len(ToyParser().push(ids)) for _, ids in found[:1]] == [5]
    assert len(found[0][1]) == 4 + 5
    assert backend.ended == ["a-0", "a-1"]

import pytest

from tensorrt_tts.errors import CorruptCheckpointError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

OFFICIAL = OrpheusTokens()


def test_official_ids() -> None:
    assert OFFICIAL.start_of_speech == 128257
    assert OFFICIAL.end_of_speech == 128258
    assert OFFICIAL.start_of_human == 128259
    assert OFFICIAL.end_of_human == 128260
    assert OFFICIAL.start_of_ai == 128261
    assert OFFICIAL.end_of_ai == 128262
    assert OFFICIAL.pad == 128263
    assert OFFICIAL.audio_base == 128266
    assert OFFICIAL.audio_end - 1 == 156937
    assert OFFICIAL.slot_range(6) == range(128266 + 6 * 4096, 156938)


def test_stop_ids_and_markers_are_never_audio() -> None:
    audio = range(OFFICIAL.audio_base, OFFICIAL.audio_end)
    assert not [token for token in (*OFFICIAL.stop_ids, *OFFICIAL.markers) if token in audio]
    assert not set(OFFICIAL.stop_ids) & OFFICIAL.markers


def test_legal_slots_partition_the_audio_ids() -> None:
    grammar = OFFICIAL.grammar(strict=False)
    stops = tuple(range(token, token + 1) for token in OFFICIAL.stop_ids)
    assert grammar.rows == ((range(OFFICIAL.audio_base, OFFICIAL.audio_end), *stops),)


def names(base: int, codebook: int) -> dict[str, int]:
    last = 10 + 7 * codebook - 1
    return {
        "<custom_token_0>": base,
        "<|begin_of_text|>": 0,
        "<|eot_id|>": 1,
        f"<custom_token_{last}>": base + last,
    }


def test_resolve_reads_the_ids_off_the_tokenizer() -> None:
    tokens = OrpheusTokens.resolve(names(80, 32).get, 80 + 10 + 7 * 32, 32)
    assert (tokens.custom_base, tokens.begin_of_text, tokens.end_of_text) == (80, 0, 1)
    assert tokens.audio_id(2, 5) == 80 + 10 + 2 * 32 + 5


@pytest.mark.parametrize(
    ("lacking", "vocab_size", "says"),
    [
        ("<custom_token_0>", 400, "tokenizer lacks '<custom_token_0>'"),
        ("<|eot_id|>", 400, "tokenizer lacks '<|eot_id|>'"),
        (None, 100, "vocab_size 100 in config.json is too small"),
    ],
)
def test_resolve_refuses_what_does_not_fit(lacking: str | None, vocab_size: int, says: str) -> None:
    known = names(80, 32)
    known.pop(lacking or "", None)
    with pytest.raises(CorruptCheckpointError, match=says):
        OrpheusTokens.resolve(known.get, vocab_size, 32)


@pytest.mark.parametrize("name", ["<|begin_of_text|>", "<|eot_id|>"])
@pytest.mark.parametrize("token", [400, 5000, 80, 80 + 10 + 7 * 32 - 1])
def test_resolve_refuses_a_text_mark_that_is_none(name: str, token: int) -> None:
    with pytest.raises(CorruptCheckpointError, match=f"has {token} as the id of a text mark"):
        OrpheusTokens.resolve((names(80, 32) | {name: token}).get, 400, 32)


def test_resolve_refuses_tokens_with_gaps() -> None:
    known = names(80, 32)
    known["<custom_token_233>"] += 1
    with pytest.raises(CorruptCheckpointError, match="not consecutive"):
        OrpheusTokens.resolve(known.get, 400, 32)

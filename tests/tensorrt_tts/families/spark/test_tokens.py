import pytest

from tensorrt_tts.errors import CorruptCheckpointError
from tensorrt_tts.families.spark.tokens import NEEDED, Mark, Run, SparkTokens
from tests.tensorrt_tts.families.spark.spark_tokens import released_ids, resolved


def test_the_released_ids() -> None:
    tokens = resolved()
    assert tokens.globals == range(151665, 155761)
    assert tokens.semantics == range(155761, 163953)
    assert tokens.stops == (151645, tokens.mark(Mark.END_SEMANTIC))
    assert [len(ids) for ids in tokens.speaker()] == [4096] * 32 + [1, 1]
    assert [len(ids) for ids in tokens.acoustics()] == [1001, 11, 1, 1]
    assert len(tokens.between) == len(Mark) + 2 + 5 + 5 + 1001 + 11


@pytest.mark.parametrize("mark", NEEDED)
def test_what_every_voice_needs(mark: Mark) -> None:
    with pytest.raises(CorruptCheckpointError, match=rf"tokenizer lacks '<\|{mark}\|>'"):
        resolved(lambda ids: ids.pop(f"<|{mark}|>"))


def test_labels_may_be_missing_until_somebody_needs_them() -> None:
    def drop(ids: dict[str, int]) -> None:
        for name in [name for name in ids if "pitch" in name or "acoustic" in name]:
            del ids[name]

    tokens = resolved(drop)
    assert tokens.run(Run.GENDER)
    with pytest.raises(CorruptCheckpointError, match=r"lacks '<\|pitch_value_0"):
        tokens.acoustics()
    with pytest.raises(CorruptCheckpointError, match=r"lacks '<\|pitch_label_0"):
        tokens.run(Run.PITCH)


def swap(one: str, other: str) -> object:
    def change(ids: dict[str, int]) -> None:
        ids[one], ids[other] = ids[other], ids[one]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swap("<|bicodec_global_7|>", "<|bicodec_global_8|>"), "global_7|>' to 151673, expected 1"),
        (swap("<|bicodec_semantic_0|>", "<|task_tts|>"), "are not consecutive"),
        (swap("<|pitch_value_9|>", "<|pitch_value_10|>"), "pitch_value_9.*not consecutive"),
        (lambda ids: ids.pop("<|bicodec_semantic_0|>"), "lacks '<|bicodec_semantic_0|>'"),
        (lambda ids: ids.pop("<|bicodec_semantic_8191|>"), "lacks '<|bicodec_semantic_8191|>'"),
        (lambda ids: ids.update({"<|bicodec_global_4096|>": 5}), "codec's config says 4096"),
    ],
)
def test_ids_that_do_not_fit(change: object, says: str) -> None:
    with pytest.raises(CorruptCheckpointError, match=says.replace("|", r"\|")):
        resolved(change)  # type: ignore[arg-type]


def test_a_vocabulary_that_is_too_small() -> None:
    highest = max(released_ids().values())
    assert isinstance(resolved(vocab_size=highest + 1), SparkTokens)
    with pytest.raises(CorruptCheckpointError, match=f"vocab_size {highest} in config.json"):
        resolved(vocab_size=highest)

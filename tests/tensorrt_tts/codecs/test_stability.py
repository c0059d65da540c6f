import numpy as np
import pytest

from tensorrt_tts.codecs.stability import cheapest, compare, stability
from tensorrt_tts.families.orpheus.frames import FrameParser
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.families.spark.frames import SparkParser
from tests.support import tiny_bicodec
from tests.support.snac_codecs import tiny_codec
from tests.support.tiny_snac import TINY
from tests.support.token_streams import random_frames
from tests.tensorrt_tts.families.spark.spark_tokens import resolved

TOKENS = OrpheusTokens(codebook_size=TINY.codebook_size)
WAVE = (np.sin(np.arange(4800) / 10) * 8000).astype(np.int16)


def test_equal_audio() -> None:
    result = compare("x", WAVE, WAVE, 18)
    assert result.exact
    assert result.mse == result.max_difference == result.max_lsb == 0
    assert result.correlation == pytest.approx(1)
    assert result.std_ratio == 1


def test_one_lsb_is_exact_and_two_are_not() -> None:
    assert compare("x", WAVE + np.int16(1), WAVE).exact
    assert not compare("x", WAVE + np.int16(2), WAVE).exact


def test_missing_samples_are_counted() -> None:
    assert compare("x", WAVE[:-100], WAVE).missing == 100
    assert not compare("x", WAVE[:-100], WAVE).exact


def test_silence_against_silence() -> None:
    nothing = np.zeros(10, np.int16)
    result = compare("x", nothing, nothing)
    assert (result.correlation, result.std_ratio) == (1.0, 1.0)
    assert compare("x", nothing[:0], nothing[:0]).exact


def test_the_report_shows_the_price_of_each_lookahead() -> None:
    rows = stability(random_frames(TOKENS, 12), lambda: FrameParser(TOKENS), tiny_codec())
    ours, usual = rows[:-2], rows[-2:]
    assert [row.exact for row in ours] == [False] * (len(ours) - 1) + [True]
    assert ours[0].max_difference > ours[-1].max_difference
    assert [row.first_tokens for row in ours] == sorted(row.first_tokens or 0 for row in ours)
    assert not any(row.exact for row in usual)
    assert cheapest(rows) is ours[-1]


def test_a_codec_that_sees_far_is_priced_in_steps() -> None:
    """Random weights of unit gain: nothing of a step is heard 40 steps on."""
    codec, tokens = tiny_bicodec.tiny_codec(), resolved()
    speaker = [tokens.globals[code] for code in tiny_bicodec.voice(1)]
    codes = np.random.RandomState(3).randint(0, 8192, 90)
    ids = [*speaker, *(tokens.semantics[code] for code in codes)]
    rows = stability(ids, lambda: SparkParser(tokens), codec)
    *ours, again = rows
    steps = (0, 2, 5, 10, 15, 20, 30, 40)
    assert ours[7].policy == "lookahead 10181 (default)"
    chosen = ours.index(cheapest(rows))
    assert all(row.exact for row in ours[chosen:])
    assert not ours[chosen - 1].exact
    del ours[7]
    assert [row.policy.split()[1] for row in ours] == [*(str(320 * n) for n in steps), "21381"]
    assert ours[8].policy == "lookahead 21381 (full)"
    assert [row.first_tokens for row in ours] == [32 + n + 1 for n in (*steps, 66)]
    assert ours[0].max_difference > ours[4].max_difference > ours[8].max_difference
    assert [row.exact for row in ours[-2:]] == [True, True]
    assert (again.policy, again.missing, again.exact) == ("decode again", 0, False)

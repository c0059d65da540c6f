"""The known sets of Spark-TTS voices: the released model's, and an example of a fine-tune's."""

from __future__ import annotations

from tensorrt_tts.families.spark.family import SparkSpec
from tensorrt_tts.families.spark.voices import SETS, SpeakerSet


def _known(name: str) -> SparkSpec:
    return SparkSpec.of(SpeakerSet.read(SETS / f"{name}.json"))


SPARK = _known("spark")
INDIC = _known("spark-indic")

SPECS = {spec.name: spec for spec in (SPARK, INDIC)}

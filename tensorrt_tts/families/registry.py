"""Known checkpoints: short names for hub ids, and which variant of the family each one is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.families.base import Spec
from tensorrt_tts.families.orpheus import spec as orpheus
from tensorrt_tts.families.spark import spec as spark

SPECS: dict[str, Spec] = {**orpheus.SPECS, **spark.SPECS}
"""Every variant of every family, by name."""

DEFAULT_SPEC: Spec = orpheus.ENGLISH
"""Of a folder or hub id that does not say what it is."""

DEMO_SPEC: Spec = orpheus.DEMO


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """hub_id: where the weights live. mirror: an ungated copy, tried when the first is refused."""

    name: str
    hub_id: str
    spec: Spec
    mirror: str | None = None


def _release(language: str, spec: Spec) -> Checkpoint:
    return Checkpoint(
        f"orpheus-3b-{language.replace('_', '-')}",
        f"canopylabs/3b-{language}-ft-research_release",
        spec,
    )


CHECKPOINTS = {
    checkpoint.name: checkpoint
    for checkpoint in (
        Checkpoint(
            "orpheus-3b",
            "canopylabs/orpheus-3b-0.1-ft",
            orpheus.ENGLISH,
            mirror="unsloth/orpheus-3b-0.1-ft",
        ),
        _release("hi", orpheus.HINDI),
        _release("fr", orpheus.FRENCH),
        _release("de", orpheus.GERMAN),
        _release("ko", orpheus.KOREAN),
        _release("zh", orpheus.MANDARIN),
        _release("es_it", orpheus.SPANISH_ITALIAN),
        Checkpoint("veena", "maya-research/Veena", orpheus.VEENA, mirror="maya-research/veena-tts"),
        Checkpoint("spark-0.5b", "SparkAudio/Spark-TTS-0.5B", spark.SPARK),
    )
}

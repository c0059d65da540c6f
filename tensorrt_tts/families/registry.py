"""Known checkpoints: short names for hub ids, and which variant of the family each one is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.families.orpheus import spec as orpheus
from tensorrt_tts.families.orpheus.spec import OrpheusSpec


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """hub_id: where the weights live. mirror: an ungated copy, tried when the first is refused.
    codec_id: the codec that turns its tokens into sound."""

    name: str
    hub_id: str
    spec: OrpheusSpec
    mirror: str | None = None
    codec_id: str = "hubertsiuzdak/snac_24khz"


def _release(language: str, spec: OrpheusSpec) -> Checkpoint:
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
    )
}

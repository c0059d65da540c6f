"""What an engine and its reference are both asked to go on from: prompts in the model's languages.

Orpheus and its family are prompted by the family's own code, as when they speak. Spark-TTS has no
run-time family here yet; its prompts are those of its calibration strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from engines import calibration
from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.families.base import Voice
from tensorrt_tts.loading import load_model
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.tokenizer import TextTokenizer

SENTENCES = {
    "en": calibration.SENTENCES,
    "hi": (
        "नाव सुबह नौ बजे निकलती है, अगली दोपहर के बाद।",
        "क्या आप वह संख्या एक बार फिर पढ़ देंगे?",
        "पहाड़ों में बारिश होगी, तट पर मौसम साफ़ रहेगा।",
        "उसने हँसकर फ़ोन रखा और खिड़की खोल दी।",
    ),
    "fr": (
        "Le bateau part à neuf heures, le suivant pas avant midi.",
        "Pourriez-vous me relire ce numéro, s'il vous plaît ?",
        "On attend de la pluie dans les collines ; la côte reste au sec.",
        "Elle a ri, posé le téléphone et ouvert la fenêtre.",
    ),
    "de": (
        "Die Fähre geht um neun, die nächste erst am Mittag.",
        "Könnten Sie mir die Nummer bitte noch einmal vorlesen?",
        "In den Bergen wird Regen erwartet, die Küste bleibt trocken.",
        "Sie lachte, legte das Telefon weg und öffnete das Fenster.",
    ),
    "ko": (
        "배는 아홉 시에 떠나고 다음 배는 정오가 지나야 있습니다.",
        "그 번호를 한 번만 더 읽어 주시겠어요?",
        "산에는 비가 오고 바닷가는 맑겠습니다.",
        "그녀는 웃으며 전화를 내려놓고 창문을 열었다.",
    ),
    "zh": (
        "渡轮九点开，下一班要到中午以后。",
        "请您把那个号码再念一遍好吗？",
        "山区预计有雨，海边仍然晴朗。",
        "她笑了笑，放下电话，打开了窗户。",
    ),
    "es": (
        "El barco sale a las nueve y el siguiente no antes del mediodía.",
        "¿Podría leerme ese número una vez más, por favor?",
        "Se espera lluvia en las colinas; la costa seguirá seca.",
        "Ella se rió, dejó el teléfono y abrió la ventana.",
    ),
    "it": (
        "Il traghetto parte alle nove e il prossimo non prima di mezzogiorno.",
        "Potrebbe rileggermi quel numero, per favore?",
        "Sulle colline è prevista pioggia; la costa resta asciutta.",
        "Lei rise, posò il telefono e aprì la finestra.",
    ),
}
"""By BCP 47 language of a voice."""

_SEMANTIC = "<|bicodec_semantic_{}|>"


@dataclass(frozen=True, slots=True)
class SpokenPrompt:
    """prompt: ids. sampling: how the model goes on from it in production, with no id that ends it:
    what comes after the last word is compared as well as any other."""

    prompt: list[int]
    sampling: Sampling


def prompts(
    checkpoint: Path, count: int, codec: str | None = None, spec: str | None = None
) -> list[SpokenPrompt]:
    """`count` prompts, the voices and sentences of the checkpoint in turn. codec, spec: as
    `load_model` takes them.

    Raises what `load_model` and `prepare_request` raise.
    """
    tokenizer = TextTokenizer(checkpoint)
    if tokenizer.token_id(_SEMANTIC.format(0)) is not None:
        return _spark(tokenizer, count)
    model = load_model(str(checkpoint), codec, spec)
    voices = islice(cycle(model.spec.voices), count)
    return [_orpheus(model, voice, seed) for seed, voice in enumerate(voices)]


def _orpheus(model: SpeechModel, voice: Voice, seed: int) -> SpokenPrompt:
    sentences: Sequence[str] = SENTENCES.get(voice.language, SENTENCES["en"])
    text = sentences[seed % len(sentences)]
    segment = prepare_request(SpeechRequest(text, voice.name, seed=seed), model, 4096)[0]
    sampling = segment.sampling
    endless = replace(sampling, grammar=replace(sampling.grammar, stops=()))
    return SpokenPrompt(list(segment.prompt.ids), endless)


def _spark(tokenizer: TextTokenizer, count: int) -> list[SpokenPrompt]:
    """Random voices, and the sampling of Spark-TTS's own inference code."""
    first = tokenizer.token_id(_SEMANTIC.format(0))
    last = tokenizer.token_id(_SEMANTIC.format(calibration.SPARK_SEMANTIC - 1))
    assert first is not None
    grammar = Grammar() if last is None else Grammar((range(first, last + 1),))
    found = []
    for seed, text in enumerate(calibration.texts("spark", samples=count, length=1)):
        head = text.partition(_SEMANTIC.partition("{}")[0])[0]
        sampling = Sampling(
            1,
            temperature=0.8,
            top_p=0.95,
            top_k=50,
            repetition_penalty=1.0,
            seed=seed,
            grammar=grammar,
        )
        found.append(SpokenPrompt(tokenizer.encode(head), sampling))
    return found

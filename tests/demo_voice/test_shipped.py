"""What ships: the models, their voices and their size."""

import pytest

from demo_voice.demo import SENTENCES
from demo_voice.speak import speak
from tensorrt_tts.checkpoint_folder import SHIPPED, demo_folder
from tensorrt_tts.loading import load_model, open_synthesizer
from tensorrt_tts.speech import SpeechRequest


def test_all_of_it_is_at_most_forty_megabytes() -> None:
    folder = demo_folder("lm").parents[1]
    files = [path for name in SHIPPED.values() for path in (folder / name).rglob("*")]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 40e6


@pytest.mark.parametrize("model", SHIPPED)
def test_each_speaks_the_sentence_that_is_offered_in_its_languages(model: str) -> None:
    """Every voice of it, to the end and in a length that a reader would need."""
    folder = demo_folder("lm", model).parent
    for voice in load_model(model).spec.voices:
        text = SENTENCES[voice.language]
        (made,), _ = speak(folder, [text], 0, voice=voice.name)
        assert made.finished
        assert 0.035 * len(text) < len(made.audio) / made.rate < 0.11 * len(text)


async def test_hindi_with_english_words_and_a_number_is_read_without_a_warning() -> None:
    async with open_synthesizer("demo-hi") as synthesizer:
        asha = synthesizer.model.spec.voice("Asha")
        request = SpeechRequest("मेरा phone 25 मिनट से charge नहीं हुआ।", asha.name, seed=0)
        _, report = await synthesizer.synthesize(request)
    assert report.warnings == []
    assert report.cut_short == []

import pytest

from tensorrt_tts.errors import CorruptCheckpointError, TextError, UnknownVoiceError
from tensorrt_tts.families.orpheus.family import Orpheus
from tensorrt_tts.families.orpheus.prompt import HeardVoice, build_prompt
from tensorrt_tts.families.orpheus.spec import DEMO, ENGLISH, HINDI, SPECS, VEENA
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

TOKENS = OrpheusTokens()


class Letters:
    """A tokenizer of one id a letter, and of the tokens that it is given."""

    def __init__(self, **known: int) -> None:
        self._known = known

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def token_id(self, token: str) -> int | None:
        return self._known.get(token.strip("<>"))


encode = Letters().encode


def test_official_form() -> None:
    prompt = build_prompt(ENGLISH.prompt, TOKENS, "Hi.", ENGLISH.voice("leo"), Letters())
    text = encode("leo: Hi.")
    assert prompt.ids == (128259, 128000, *text, 128009, 128260, 128261, 128257)


def test_veena_form_has_no_bos_and_one_speaker_token() -> None:
    tokenizer = Letters(spk_kavya=156940)
    prompt = build_prompt(VEENA.prompt, TOKENS, "Hi.", VEENA.voice(None), tokenizer)
    assert prompt.ids == (128259, 156940, *encode(" Hi."), 128260, 128261, 128257)


def test_veena_without_its_speaker_token() -> None:
    with pytest.raises(CorruptCheckpointError, match="<spk_kavya>"):
        build_prompt(VEENA.prompt, TOKENS, "Hi.", VEENA.voice(None), Letters())


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_every_form_ends_where_audio_begins(spec) -> None:  # type: ignore[no-untyped-def]
    assert spec.prompt.parts[-2:] == ("start_of_ai", "start_of_speech")
    assert spec.voice(None) is spec.voices[0]


@pytest.mark.parametrize("injected", [128000, 128009, 128257, 128266, 156937])
def test_text_cannot_smuggle_special_ids(injected: int) -> None:
    tokenizer = Letters()
    tokenizer.encode = lambda text: [injected]  # type: ignore[method-assign]
    with pytest.raises(TextError, match=str(injected)):
        build_prompt(ENGLISH.prompt, TOKENS, "x", ENGLISH.voice(None), tokenizer)


FRAME = [TOKENS.audio_id(slot, 5) for slot in range(7)]
OTHER = [TOKENS.audio_id(slot, 4095) for slot in range(7)]
FAMILY = Orpheus(ENGLISH, TOKENS, Letters())
LEO = ENGLISH.voice("leo")


def test_a_voice_that_was_heard_stands_before_the_prompt() -> None:
    said = FAMILY.keep(LEO, "Oh.", [*FRAME, *OTHER], most=14)
    (turn, alone) = (FAMILY.prompt(text, LEO).ids for text in ("Oh.", "Hi."))
    prompt = FAMILY.prompt("Hi.", said)
    assert prompt.ids == (*turn, *FRAME, *OTHER, 128258, 128262, *alone)
    # What it costs: the ids that were asked for, the first prompt again, and two marks.
    assert len(prompt.ids) - len(alone) == 14 + len(turn) + 2
    assert FAMILY.grammar_of(said) == FAMILY.grammar


@pytest.mark.parametrize(
    ("ids", "most", "kept"),
    [
        ([*FRAME, *OTHER], 0, []),
        ([*FRAME, *OTHER], 6, []),
        ([*FRAME, *OTHER], 7, FRAME),
        ([*FRAME, *OTHER], 13, FRAME),
        ([*FRAME, *OTHER], 100, [*FRAME, *OTHER]),
        ([*FRAME, *OTHER[:5]], 100, FRAME),  # cut by the end of the stream
        ([*FRAME, *OTHER[1:], *FRAME], 100, FRAME),  # a stray one: what follows is out of step
        ([TOKENS.pad, *FRAME], 100, []),
        ([], 100, []),
    ],
)
def test_only_whole_frames_are_kept(ids: list[int], most: int, kept: list[int]) -> None:
    found = FAMILY.keep(LEO, "Oh.", ids, most)
    if kept:
        assert found == HeardVoice("leo", "en", "Oh.", tuple(kept))
    else:
        assert found is LEO


def test_unknown_voice_lists_the_known_ones() -> None:
    with pytest.raises(UnknownVoiceError, match=r"'julia'.*tara, leah, jess"):
        ENGLISH.voice("julia")
    assert HINDI.voice("ऋतिका").language == "hi"
    assert DEMO.voice(None).name == "heart"


@pytest.mark.parametrize("text", ["Hi.", "leo: hi", "x"])
def test_where_the_text_is_with_a_tokenizer_of_characters(text: str) -> None:
    prompt = build_prompt(ENGLISH.prompt, TOKENS, text, ENGLISH.voice("leo"), Letters())
    assert "".join(chr(prompt.ids[place]) for place in prompt.text) == text


@pytest.mark.parametrize("text", ["Hi.", "leo hi", "x"])
def test_where_the_text_is_behind_a_voice_that_is_one_token(text: str) -> None:
    class Voices(Letters):
        def encode(self, text: str) -> list[int]:
            return [7, *super().encode(text.removeprefix("leo:"))]

        def token_id(self, token: str) -> int | None:
            return 7 if token == "leo:" else None

    prompt = build_prompt(ENGLISH.prompt, TOKENS, text, ENGLISH.voice("leo"), Voices())
    assert prompt.ids[2:4] == (7, ord(" "))
    assert "".join(chr(prompt.ids[place]) for place in prompt.text) == text


def test_nor_is_it_told_with_a_tokenizer_of_pieces() -> None:
    class Pieces(Letters):
        def encode(self, text: str) -> list[int]:
            return [1] * (len(text) - 1)

    prompt = build_prompt(ENGLISH.prompt, TOKENS, "Hi.", ENGLISH.voice("leo"), Pieces())
    assert not prompt.text

from demo_voice.alphabet import ALPHABET, numbers
from demo_voice.hindi.letters import FLAP, SOUNDS
from demo_voice.lm.vocabulary import SYMBOLS


def test_english_sounds_keep_their_numbers() -> None:
    assert ALPHABET[: len(SYMBOLS)] == SYMBOLS
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_every_sound_of_a_hindi_letter_has_a_number() -> None:
    said = {sound for sounds in SOUNDS.values() for sound in sounds} - {"ː"}
    assert said | {FLAP} <= set(ALPHABET)


def test_a_long_sound_goes_on() -> None:
    a, r = (1 + ALPHABET.index(sound) for sound in "aɾ")
    assert numbers("aːɾː×ː") == [a, a, r, r, 0, 0]
    assert numbers("ːa") == [0, a]

from tensorrt_tts.words import Word, heard, joined


def words(text: str, *starts: int) -> list[Word]:
    """The tokens of a text, half a second each; those at `starts` only, where there are any."""
    found = []
    for index, token in enumerate(text.split()):
        begin = text.index(token, found[-1].end if found else 0)
        found.append(Word(token, index / 2, index / 2 + 0.5, begin, begin + len(token), True))
    return [found[start] for start in starts] if starts else found


def test_a_word_is_heard_when_half_of_it_was() -> None:
    one, two, three = words("one two three")
    assert heard([one, two, three], 0.0) == []
    assert heard([one, two, three], 0.25) == [one]
    assert heard([one, two, three], 0.74) == [one]
    assert heard([one, two, three], 0.75) == [one, two]
    assert heard([one, two, three], 9.0) == [one, two, three]


def test_words_as_a_text() -> None:
    assert joined([]) == ""
    assert joined(words("He  paid\n\n₹500, too.")) == "He paid ₹500, too."
    assert joined(words("rain — sun", 0, 2)) == "rain sun"
    rain, stopped = Word("雨", 0, 1, 0, 1, True), Word("停。", 1, 2, 1, 3, True)
    assert joined([rain, stopped]) == "雨停。"
    assert joined([stopped]) == "停。"

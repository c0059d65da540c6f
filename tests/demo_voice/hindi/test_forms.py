"""Inflection and agreement, against forms of the standard grammars."""

import pytest

from demo_voice.hindi.forms import Features, Noun, Verb, agree
from demo_voice.hindi.nouns import ALL

M, F = Features("m"), Features("f")
MP, FP = Features("m", plural=True), Features("f", plural=True)
I_M, I_F = Features("m", person="1"), Features("f", person="1")
TUM_M, TUM_F = Features("m", person="2"), Features("f", person="2")


@pytest.mark.parametrize(
    ("noun", "forms"),  # direct and oblique singular, direct and oblique plural
    [
        (Noun("कमरा", "m", True), "कमरा कमरे कमरे कमरों"),
        (Noun("कौआ", "m", True), "कौआ कौए कौए कौओं"),
        (Noun("कुआँ", "m", True), "कुआँ कुएँ कुएँ कुओं"),
        (Noun("घर", "m"), "घर घर घर घरों"),
        (Noun("आदमी", "m"), "आदमी आदमी आदमी आदमियों"),
        (Noun("भाई", "m"), "भाई भाई भाई भाइयों"),
        (Noun("आलू", "m"), "आलू आलू आलू आलुओं"),
        (Noun("पिता", "m"), "पिता पिता पिता पिताओं"),
        (Noun("लड़की", "f"), "लड़की लड़की लड़कियाँ लड़कियों"),
        (Noun("सुई", "f"), "सुई सुई सुइयाँ सुइयों"),
        (Noun("चिड़िया", "f"), "चिड़िया चिड़िया चिड़ियाँ चिड़ियों"),
        (Noun("किताब", "f"), "किताब किताब किताबें किताबों"),
        (Noun("भाषा", "f"), "भाषा भाषा भाषाएँ भाषाओं"),
        (Noun("बहू", "f"), "बहू बहू बहुएँ बहुओं"),
        (Noun("माँ", "f"), "माँ माँ माँएँ माँओं"),
    ],
)
def test_four_forms_of_a_noun(noun: Noun, forms: str) -> None:
    made = [noun.form(plural, oblique) for plural in (False, True) for oblique in (False, True)]
    assert made == forms.split()


def test_only_the_last_word_of_a_noun_changes() -> None:
    assert ALL["बस अड्डा"].form(oblique=True) == "बस अड्डे"
    assert ALL["शिमला मिर्च"].form(plural=True) == "शिमला मिर्चें"


@pytest.mark.parametrize(
    ("word", "m", "mp", "f", "fp"),
    [
        ("अच्छा", "अच्छा", "अच्छे", "अच्छी", "अच्छी"),
        ("नया", "नया", "नए", "नई", "नई"),
        ("आया", "आया", "आए", "आई", "आई"),
        ("किया", "किया", "किए", "की", "की"),
        ("गया", "गया", "गए", "गई", "गई"),
        ("हुआ", "हुआ", "हुए", "हुई", "हुई"),
        ("थका हुआ", "थका हुआ", "थके हुए", "थकी हुई", "थकी हुई"),
        ("साफ़ सुथरा", "साफ़ सुथरा", "साफ़ सुथरे", "साफ़ सुथरी", "साफ़ सुथरी"),
        ("लाल", "लाल", "लाल", "लाल", "लाल"),
        ("बढ़िया", "बढ़िया", "बढ़िया", "बढ़िया", "बढ़िया"),
        ("है", "है", "हैं", "है", "हैं"),
        ("था", "था", "थे", "थी", "थीं"),
    ],
)
def test_words_agree(word: str, m: str, mp: str, f: str, fp: str) -> None:
    assert [agree(word, who) for who in (M, MP, F, FP)] == [m, mp, f, fp]


@pytest.mark.parametrize(("word", "form"), [("किया", "कीं"), ("आया", "आईं"), ("पड़ा", "पड़ीं")])
def test_a_feminine_plural_verb_alone_is_nasal(word: str, form: str) -> None:
    assert agree(word, FP, last=True) == form
    assert agree(word, F, last=True) == form.removesuffix("ं")


def test_agreement_in_the_oblique_and_by_person() -> None:
    assert agree("मेरा", Features("m", oblique=True)) == "मेरे"
    assert agree("मेरा", Features("f", oblique=True)) == "मेरी"
    assert [agree("है", who) for who in (I_M, TUM_M, MP)] == ["हूँ", "हो", "हैं"]
    assert [agree("जाता", who) for who in (I_F, TUM_M, TUM_F)] == ["जाती", "जाते", "जाती"]


@pytest.mark.parametrize(
    ("root", "forms"),  # perfective, polite, familiar, करके, and the future of I, she, they and तुम
    [
        ("कर", "किया कीजिए करो करके करूँगा करेगी करेंगे करोगे"),
        ("दे", "दिया दीजिए दो देकर दूँगा देगी देंगे दोगे"),
        ("ले", "लिया लीजिए लो लेकर लूँगा लेगी लेंगे लोगे"),
        ("पी", "पिया पीजिए पियो पीकर पिऊँगा पिएगी पिएँगे पियोगे"),
        ("जा", "गया जाइए जाओ जाकर जाऊँगा जाएगी जाएँगे जाओगे"),
        ("आ", "आया आइए आओ आकर आऊँगा आएगी आएँगे आओगे"),
        ("धो", "धोया धोइए धोओ धोकर धोऊँगा धोएगी धोएँगे धोओगे"),
        ("पढ़", "पढ़ा पढ़िए पढ़ो पढ़कर पढ़ूँगा पढ़ेगी पढ़ेंगे पढ़ोगे"),
        ("सुना", "सुनाया सुनाइए सुनाओ सुनाकर सुनाऊँगा सुनाएगी सुनाएँगे सुनाओगे"),
        ("हो", "हुआ होइए होओ होकर होऊँगा होगी होंगे होओगे"),
    ],
)
def test_forms_of_a_verb(root: str, forms: str) -> None:
    verb = Verb(root)
    made = [verb.perfective, verb.polite, verb.familiar, verb.conjunctive]
    assert [*made, *(verb.future(who) for who in (I_M, F, MP, TUM_M))] == forms.split()

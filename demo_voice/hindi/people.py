"""Who acts in a Hindi sentence: names, relatives and pronouns with their cases. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from demo_voice.hindi.forms import Features


@dataclass(frozen=True)
class Who:
    """A person: direct, ergative, dative and genitive (masculine singular) forms."""

    word: str
    features: Features
    ne: str
    ko: str
    ka: str
    se: str

    @property
    def ke(self) -> str:
        """The genitive before a postposition: मेरे (पास), राम के (साथ)."""
        return self.ka[:-1] + "े"


def _named(word: str, features: Features, oblique: str | None = None) -> Who:
    base = oblique or word
    return Who(word, features, f"{base} ने", f"{base} को", f"{base} का", f"{base} से")


_WOMEN = """
    प्रिया सुनीता अंजलि कविता मीनाक्षी लक्ष्मी ज्योति फ़ातिमा ज़ीनत शबनम हरप्रीत गुरलीन स्नेहा ऋतु
    श्रेया ऐश्वर्या तृप्ति वृंदा क्षमा दीक्षा मृणाल ईशा उर्मिला पूर्णिमा संध्या नंदिनी अनुराधा
    विद्या जाह्नवी मधु रुख़साना नाज़िया मैरी ट्रेसा कल्याणी सरस्वती भाग्यश्री इंदु ओजस्वी गौरी छाया
    झरना रेशमा शांति सुषमा यामिनी
"""
_MEN = """
    राहुल अमित विवेक सुरेश कृष्णन वेंकटेश इमरान सलीम ज़फ़र फ़िरोज़ गुरप्रीत हरजीत मोहन राजेंद्र
    श्रीधर अब्दुल जोसेफ़ थॉमस ऋषि भरत चंद्रशेखर ज्ञानेश्वर ध्रुव नृपेंद्र प्रज्वल अर्णव शुभम सौरभ
    यश क्षितिज ओमप्रकाश उज्ज्वल ईश्वर अनुज डेविड टोनी बिट्टू घनश्याम छगन झुनझुन लल्लन विष्णु
    हृदय अश्विन आदित्य कार्तिक
"""
_ELDERS_M = """
    पिताजी दादाजी नानाजी चाचाजी मामाजी शर्मा_जी वर्मा_जी डॉक्टर_साहब प्रधानाचार्य_जी गुप्ता_जी
    मिश्रा_जी ख़ान_साहब मुखर्जी_बाबू रेड्डी_जी
"""
_ELDERS_F = "माताजी दादीजी नानीजी चाचीजी मौसीजी बहनजी अध्यापिका_जी श्रीमती_मेहता डॉक्टर_साहिबा"

_M, _F = Features("m"), Features("f")
_MS, _FS = Features("m", plural=True), Features("f", plural=True)


def _all(words: str, features: Features) -> list[Who]:
    return [_named(word.replace("_", " "), features) for word in words.split()]


WOMEN, MEN = _all(_WOMEN, _F), _all(_MEN, _M)
NAMED = [*WOMEN, *MEN]
ELDERS = [*_all(_ELDERS_M, _MS), *_all(_ELDERS_F, _FS)]
GROUPS = [
    _named("बच्चे", _MS, "बच्चों"),
    _named("लड़कियाँ", _FS, "लड़कियों"),
    _named("किसान", _MS, "किसानों"),
    _named("पड़ोसी", _MS, "पड़ोसियों"),
    _named("छात्राएँ", _FS, "छात्राओं"),
    _named("कर्मचारी", _MS, "कर्मचारियों"),
    _named("मेरे दोस्त", _MS, "मेरे दोस्तों"),
    _named("मेरी सहेलियाँ", _FS, "मेरी सहेलियों"),
    _named("दोनों भाई", _MS, "दोनों भाइयों"),
    _named("दोनों बहनें", _FS, "दोनों बहनों"),
]
RELATIVES = [
    _named("मेरी बहन", _F),
    _named("मेरा भाई", _M, "मेरे भाई"),
    _named("छोटा बेटा", _M, "छोटे बेटे"),
    _named("छोटी बेटी", _F),
    _named("उसकी सहेली", _F),
    _named("हमारा पड़ोसी", _M, "हमारे पड़ोसी"),
    _named("मेरा दोस्त", _M, "मेरे दोस्त"),
    _named("बड़ी बहन", _F),
    _named("एक लड़का", _M, "एक लड़के"),
    _named("एक लड़की", _F),
    _named("वह औरत", _F, "उस औरत"),
    _named("नया ड्राइवर", _M, "नए ड्राइवर"),
]


def _pronoun(word: str, features: Features, ne: str, ko: str, ka: str, se: str) -> Who:
    return Who(word, features, ne, ko, ka, se)


HE = [_pronoun("वह", features, "उसने", "उसे", "उसका", "उससे") for features in (_M, _F)]
THEY = [_pronoun("वे", features, "उन्होंने", "उन्हें", "उनका", "उनसे") for features in (_MS, _FS)]
WE = [_pronoun("हम", _MS, "हमने", "हमें", "हमारा", "हमसे")]
I = [  # noqa: E741
    _pronoun("मैं", Features(g, person="1"), "मैंने", "मुझे", "मेरा", "मुझसे") for g in ("m", "f")
]
YOU = [_pronoun("आप", features, "आपने", "आपको", "आपका", "आपसे") for features in (_MS, _FS)]
EVERYONE = [*NAMED, *ELDERS, *GROUPS, *RELATIVES, *4 * HE, *4 * THEY, *8 * WE, *8 * I]
OTHERS = [*NAMED, *ELDERS, *GROUPS, *RELATIVES, *4 * HE, *4 * THEY]

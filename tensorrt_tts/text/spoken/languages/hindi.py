"""Hindi numbers. Spellings are CLDR's; चवालीस for 44, which indic-numtowords has wrong. Pure."""

from __future__ import annotations

from typing import ClassVar

from tensorrt_tts.text.spoken.languages.base import Language, names, table
from tensorrt_tts.text.spoken.number import Number

_SMALL = """
    शून्य एक दो तीन चार पाँच छह सात आठ नौ
    दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
    बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस
    तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
    चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास
    पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ
    साठ इकसठ बासठ तिरेसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
    सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी
    अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी
    नब्बे इक्यानबे बानबे तिरानबे चौरानबे पंचानबे छियानबे सत्तानबे अट्ठानबे निन्यानबे
"""
_SCALES = ((10**11, "खरब"), (10**9, "अरब"), (10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"))
_FIRST = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ"}
"""Ordinals of their own, without the vowel of gender and case."""
_MONTHS = """
    जनवरी फ़रवरी मार्च अप्रैल मई जून
    जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
"""


class Hindi(Language):
    code = "hi"
    small = tuple(_SMALL.split())
    months = tuple(_MONTHS.split())
    scales: ClassVar = names("""
        hundred सौ
        thousand हज़ार
        lakh लाख
        crore करोड़
        arab अरब
        kharab खरब
        million मिलियन
        billion बिलियन
        trillion ट्रिलियन
    """)
    words: ClassVar = names("""
        minus माइनस
        point दशमलव
        plus प्लस
        to से
        percent प्रतिशत
        permille प्रति हज़ार
        at एट
        dot डॉट
        slash स्लैश
        colon कोलन
        dash डैश
        underscore अंडरस्कोर
        hash हैश
        hashtag हैशटैग
        number नंबर
        and और
        or या
        equals बराबर
        times गुणा
        fold गुना
        by बाय
        over भागा
        plusminus प्लस माइनस
        less से कम
        more से ज़्यादा
        atmost से कम या बराबर
        atleast से ज़्यादा या बराबर
        unequal बराबर नहीं
        ratio अनुपात
        about लगभग
        root वर्गमूल
        infinity अनंत
        power की घात
        squared का वर्ग
        cubed का घन
        degrees डिग्री
        per प्रति
        question प्रश्न चिह्न
        tilde टिल्ड
        star स्टार
        section धारा
        pi पाई
        sum योग
        implies मतलब
        backslash बैकस्लैश
        minutes मिनट
        feet फ़ुट
        inches इंच
        am AM
        pm PM
    """)
    units: ClassVar = table("""
        meter मीटर
        kilometer किलोमीटर
        centimeter सेंटीमीटर
        millimeter मिलीमीटर
        micrometer माइक्रोमीटर
        nanometer नैनोमीटर
        mile मील
        foot फ़ुट
        inch इंच
        yard गज
        gram ग्राम
        kilogram किलोग्राम
        milligram मिलीग्राम
        microgram माइक्रोग्राम
        tonne टन
        quintal क्विंटल
        pound पाउंड
        ounce औंस
        liter लीटर
        milliliter मिलीलीटर
        indexpoint अंक
        basispoint आधार_अंक
        microliter माइक्रोलीटर
        deciliter डेसीलीटर
        kiloliter किलोलीटर
        gallon गैलन
        fluidounce फ़्लूइड_औंस
        teaspoon छोटा_चम्मच छोटे_चम्मच
        tablespoon बड़ा_चम्मच बड़े_चम्मच
        cup कप
        pinch चुटकी
        pint पिंट
        quart क्वार्ट
        hour घंटा घंटे
        minute मिनट
        second सेकंड
        millisecond मिलीसेकंड
        microsecond माइक्रोसेकंड
        day दिन
        week हफ़्ता हफ़्ते
        month महीना महीने
        year साल
        bit बिट
        byte बाइट
        kilobyte किलोबाइट
        megabyte मेगाबाइट
        gigabyte गीगाबाइट
        terabyte टेराबाइट
        petabyte पेटाबाइट
        kilobit किलोबिट
        megabit मेगाबिट
        gigabit गीगाबिट
        hertz हर्ट्ज़
        kilohertz किलोहर्ट्ज़
        megahertz मेगाहर्ट्ज़
        gigahertz गीगाहर्ट्ज़
        volt वोल्ट
        kilovolt किलोवोल्ट
        millivolt मिलीवोल्ट
        watt वाट
        kilowatt किलोवाट
        megawatt मेगावाट
        gigawatt गीगावाट
        kilowatthour किलोवाट_घंटा किलोवाट_घंटे
        ampere एम्पीयर
        milliampere मिलीएम्पीयर
        milliamperehour मिलीएम्पीयर_घंटा मिलीएम्पीयर_घंटे
        amperehour एम्पीयर_घंटा एम्पीयर_घंटे
        ohm ओम
        kiloohm किलोओम
        joule जूल
        kilojoule किलोजूल
        calorie कैलोरी
        kilocalorie किलोकैलोरी
        pascal पास्कल
        kilopascal किलोपास्कल
        hectopascal हेक्टोपास्कल
        bar बार
        psi पाउंड_प्रति_वर्ग_इंच
        newton न्यूटन
        decibel डेसिबल
        horsepower हॉर्सपावर
        celsius डिग्री_सेल्सियस
        fahrenheit डिग्री_फ़ारेनहाइट
        kelvin केल्विन
        degree डिग्री
        hectare हेक्टेयर
        acre एकड़
        cc सीसी
        rpm चक्कर_प्रति_मिनट
        fps फ़्रेम_प्रति_सेकंड
        pixel पिक्सल
        megapixel मेगापिक्सल
        ppm भाग_प्रति_मिलियन
        mmhg मिलीमीटर_पारा
        millimole मिलीमोल
        milliequivalent मिलीइक्विवेलेंट
        bpm धड़कन_प्रति_मिनट
        newtonmeter न्यूटन_मीटर
        internationalunit अंतरराष्ट्रीय_यूनिट
        mole मोल
        knot नॉट
        lumen ल्यूमेन
    """)
    square, cubic = "वर्ग", "घन"
    currencies: ClassVar = {
        code: (forms, parts)
        for code, forms, parts in (
            ("INR", ("रुपया", "रुपए"), ("पैसा", "पैसे")),
            ("USD", ("डॉलर", "डॉलर"), ("सेंट", "सेंट")),
            ("EUR", ("यूरो", "यूरो"), ("सेंट", "सेंट")),
            ("GBP", ("पाउंड", "पाउंड"), ("पेंस", "पेंस")),
            ("JPY", ("येन", "येन"), ("", "")),
            ("CNY", ("युआन", "युआन"), ("फेन", "फेन")),
            ("KRW", ("वॉन", "वॉन"), ("", "")),
            ("RUB", ("रूबल", "रूबल"), ("कोपेक", "कोपेक")),
            ("TRY", ("लीरा", "लीरा"), ("कुरुश", "कुरुश")),
            ("ILS", ("शेकेल", "शेकेल"), ("अगोरा", "अगोरा")),
            ("NGN", ("नाइरा", "नाइरा"), ("कोबो", "कोबो")),
            ("PHP", ("पेसो", "पेसो"), ("सेंटावो", "सेंटावो")),
            ("VND", ("डोंग", "डोंग"), ("", "")),
            ("THB", ("बाट", "बाट"), ("सतांग", "सतांग")),
            ("BDT", ("टका", "टका"), ("पोइशा", "पोइशा")),
            ("UAH", ("रिव्निया", "रिव्निया"), ("कोपियका", "कोपियका")),
            ("BTC", ("बिटकॉइन", "बिटकॉइन"), ("", "")),
            ("CHF", ("स्विस फ़्रैंक", "स्विस फ़्रैंक"), ("सेंटीम", "सेंटीम")),
            ("AED", ("दिरहम", "दिरहम"), ("फ़िल्स", "फ़िल्स")),
            ("SAR", ("रियाल", "रियाल"), ("हलाला", "हलाला")),
            ("AUD", ("ऑस्ट्रेलियाई डॉलर", "ऑस्ट्रेलियाई डॉलर"), ("सेंट", "सेंट")),
            ("CAD", ("कनाडाई डॉलर", "कनाडाई डॉलर"), ("सेंट", "सेंट")),
            ("NZD", ("न्यूज़ीलैंड डॉलर", "न्यूज़ीलैंड डॉलर"), ("सेंट", "सेंट")),
            ("SGD", ("सिंगापुर डॉलर", "सिंगापुर डॉलर"), ("सेंट", "सेंट")),
            ("HKD", ("हांगकांग डॉलर", "हांगकांग डॉलर"), ("सेंट", "सेंट")),
            ("PKR", ("पाकिस्तानी रुपया", "पाकिस्तानी रुपए"), ("पैसा", "पैसे")),
            ("LKR", ("श्रीलंकाई रुपया", "श्रीलंकाई रुपए"), ("सेंट", "सेंट")),
            ("NPR", ("नेपाली रुपया", "नेपाली रुपए"), ("पैसा", "पैसे")),
            ("SEK", ("स्वीडिश क्रोना", "स्वीडिश क्रोना"), ("ओरे", "ओरे")),
            ("NOK", ("नॉर्वेजियन क्रोन", "नॉर्वेजियन क्रोन"), ("ओरे", "ओरे")),
            ("DKK", ("डेनिश क्रोन", "डेनिश क्रोन"), ("ओरे", "ओरे")),
            ("ZAR", ("रैंड", "रैंड"), ("सेंट", "सेंट")),
            ("BRL", ("रियल", "रियल"), ("सेंटावो", "सेंटावो")),
            ("MXN", ("मेक्सिकन पेसो", "मेक्सिकन पेसो"), ("सेंटावो", "सेंटावो")),
        )
    }

    def cardinal(self, value: int, indian: bool = True) -> str:
        if value < 100:
            return self.small[value]
        if value < 1000:
            hundreds, rest = divmod(value, 100)
            return f"{self.small[hundreds]} सौ" + self._rest(rest)
        for size, name in _SCALES:
            if value >= size:
                count, rest = divmod(value, size)
                return f"{self.cardinal(count)} {name}" + self._rest(rest)
        raise ValueError(f"value {value} cannot be; use 0 or more")

    def _rest(self, value: int) -> str:
        return f" {self.cardinal(value)}" if value else ""

    def year(self, value: int) -> str:
        century, rest = divmod(value, 100)
        if 1100 <= value < 2000:
            return f"{self.small[century]} सौ" + self._rest(rest)
        return self.cardinal(value)

    def ordinal(self, value: int, ending: str = "वाँ", *, year: bool = False) -> str:
        """The vowel of gender and case is the ending's: -ा, -ी, -े."""
        vowel = next((letter for letter in reversed(ending) if letter in "ािीे"), "ा")
        if value in _FIRST:
            return _FIRST[value] + vowel
        if value == 6 and ending.startswith("ठ"):
            return "छठ" + vowel
        stem = "छठ" if value == 6 else self.year(value) if year else self.cardinal(value)
        return f"{stem}व{vowel}{'ँ' if vowel == 'ा' else 'ं'}"

    def clock(self, hour: int, minute: int, second: int | None, after: str) -> str:
        said = self.small[hour]
        if second is not None:
            return f"{said} बजकर {self.small[minute]} मिनट {self.small[second]} सेकंड"
        if after and after != "बजे":
            return " ".join([said, *([self.small[minute]] if minute else []), after])
        if minute in (0, 15, 30, 45) and hour <= 12:
            return f"{self.quarters(hour, minute // 15)} बजे"
        if not minute:
            return f"{said} बजे"
        at = " पर" if after else ""
        return f"{said} बजकर {self.small[minute]} मिनट{at}"

    def quarters(self, whole: int, quarters: int) -> str:
        """सवा, साढ़े, पौने and the words that 1½ and 2½ have of their own."""
        if quarters == 2 and whole in (1, 2):
            return ("डेढ़", "ढाई")[whole - 1]
        if not quarters:
            return self.cardinal(whole)
        if not whole:
            return ("चौथाई", "आधा", "पौन")[quarters - 1]
        if quarters == 1:
            return f"सवा {self.cardinal(whole)}"
        if quarters == 2:
            return f"साढ़े {self.cardinal(whole)}"
        return f"पौने {self.cardinal(whole + 1)}"

    def fraction(self, whole: int | None, top: int, bottom: int) -> str:
        if whole and bottom in (2, 4) and top < bottom:
            return self.quarters(whole, top * 4 // bottom)
        said = f"{self.cardinal(top)} बटा {self.cardinal(bottom)}"
        return f"{self.cardinal(whole)} सही {said}" if whole else said

    def date(self, day: int, month: int, year: int | None, *, month_first: bool = False) -> str:
        return super().date(day, month, year)

    def number(self, number: Number, indian: bool = True) -> str:
        return super().number(number, indian)

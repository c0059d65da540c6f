"""Telugu numbers; the words of large ones change before what follows (రెండు వందలు, రెండు వందల
రూపాయలు). Checked against indic-numtowords. Pure."""

from __future__ import annotations

from typing import ClassVar

from tensorrt_tts.text.spoken.languages.base import Language, names, table
from tensorrt_tts.text.spoken.number import Number

_ONES = "సున్నా ఒకటి రెండు మూడు నాలుగు ఐదు ఆరు ఏడు ఎనిమిది తొమ్మిది".split()  # noqa: SIM905
_TEENS = """
    పది పదకొండు పన్నెండు పదమూడు పద్నాలుగు పదిహేను పదహారు పదిహేడు పద్దెనిమిది పందొమ్మిది
"""
_TENS = "ఇరవై ముప్పై నలభై యాభై అరవై డెబ్బై ఎనభై తొంభై".split()  # noqa: SIM905
_SCALES = (
    (10**7, "ఒక కోటి", "ఒక కోటి", "కోట్లు"),
    (10**5, "ఒక లక్ష", "ఒక లక్షా", "లక్షలు"),
    (1000, "వెయ్యి", "ఒక వెయ్యి", "వేలు"),
    (100, "వంద", "నూట", "వందలు"),
)
"""Size, one of it, one of it before a rest, several."""
_OBLIQUE = names("""
    వందలు వందల
    వేలు వేల
    లక్షలు లక్షల
    కోట్లు కోట్ల
    ఒకటి ఒక
""")
_AFTER_M = {"కి": "ానికి", "కు": "ానికి", "కే": "ానికే", "ని": "ాన్ని", "ను": "ాన్ని"}
_AFTER = names("""
    గంటలకు నిమిషాలకు
    గంటలకి నిమిషాలకి
    గంటల నిమిషాల
    గంటలు నిమిషాలు
    గంటలో నిమిషాలలో
    గంటలలో నిమిషాలలో
""")
"""What stands behind a time, and what does behind its minutes."""
_JOINED = """
    కి కు కే కై తో తోనే తోపాటు లో లోని లోనే లోపు లోపల లోంచి లోకి న నే ని ను నుంచి నుండి నుంచే వరకు వరకే గా
    మాత్రమే పైన పై పైగా మేర దాకా చొప్పున కంటే కన్నా గురు నాటి ల్లో ల్లోని ల్లోనే
""".split()  # noqa: SIM905
_APART = frozenset(word for word in _JOINED if len(word) > 3 and word[0] not in "తలగ") - {"నాటి"}
CASES = frozenset([*_JOINED, "లు", "ల", *(f"ల{case}" for case in _JOINED)])
"""Case endings and postpositions as they are written on a number, a unit or an amount of money;
with the plural's ల, which a noun has of its own. Longer ones are words apart when spoken."""
_MONTHS = """
    జనవరి ఫిబ్రవరి మార్చి ఏప్రిల్ మే జూన్
    జూలై ఆగస్టు సెప్టెంబర్ అక్టోబర్ నవంబర్ డిసెంబర్
"""


class Telugu(Language):
    code = "te"
    small = (
        *_ONES,
        *_TEENS.split(),
        *(tens if not ones else f"{tens} {_ONES[ones]}" for tens in _TENS for ones in range(10)),
    )
    months = tuple(_MONTHS.split())
    scales: ClassVar = names("""
        hundred వందలు
        thousand వేలు
        lakh లక్షలు
        crore కోట్లు
        arab అరబ్
        kharab ఖరబ్
        million మిలియన్
        billion బిలియన్
        trillion ట్రిలియన్
    """)
    words: ClassVar = names("""
        minus మైనస్
        point పాయింట్
        plus ప్లస్
        to నుంచి
        percent శాతం
        permille ప్రతి వెయ్యికి
        at ఎట్
        dot డాట్
        slash స్లాష్
        colon కోలన్
        dash డాష్
        underscore అండర్‌స్కోర్
        hash హ్యాష్
        hashtag హ్యాష్‌ట్యాగ్
        number నంబర్
        and మరియు
        or లేదా
        equals సమానం
        times ఇంటూ
        fold రెట్లు
        by బై
        over భాగించు
        plusminus ప్లస్ మైనస్
        less కంటే తక్కువ
        more కంటే ఎక్కువ
        atmost కంటే తక్కువ లేదా సమానం
        atleast కంటే ఎక్కువ లేదా సమానం
        unequal సమానం కాదు
        ratio నిష్పత్తి
        about సుమారు
        root వర్గమూలం
        infinity అనంతం
        power ఘాతం
        squared వర్గం
        cubed ఘనం
        degrees డిగ్రీలు
        per ప్రతి
        question ప్రశ్న గుర్తు
        tilde టిల్డ్
        star స్టార్
        section సెక్షన్
        pi పై
        sum మొత్తం
        implies అంటే
        backslash బ్యాక్‌స్లాష్
        minutes నిమిషాలు
        feet అడుగులు
        inches అంగుళాలు
        am AM
        pm PM
    """)
    units: ClassVar = table("""
        meter మీటర్ మీటర్లు
        kilometer కిలోమీటర్ కిలోమీటర్లు
        centimeter సెంటీమీటర్ సెంటీమీటర్లు
        millimeter మిల్లీమీటర్ మిల్లీమీటర్లు
        micrometer మైక్రోమీటర్ మైక్రోమీటర్లు
        nanometer నానోమీటర్ నానోమీటర్లు
        mile మైలు మైళ్ళు
        foot అడుగు అడుగులు
        inch అంగుళం అంగుళాలు
        yard గజం గజాలు
        gram గ్రాము గ్రాములు
        kilogram కిలోగ్రాము కిలోగ్రాములు
        milligram మిల్లీగ్రాము మిల్లీగ్రాములు
        microgram మైక్రోగ్రాము మైక్రోగ్రాములు
        tonne టన్ను టన్నులు
        quintal క్వింటాల్ క్వింటాళ్ళు
        pound పౌండు పౌండ్లు
        ounce ఔన్సు ఔన్సులు
        liter లీటర్ లీటర్లు
        milliliter మిల్లీలీటర్ మిల్లీలీటర్లు
        indexpoint పాయింట్ పాయింట్లు
        basispoint బేసిస్_పాయింట్ బేసిస్_పాయింట్లు
        microliter మైక్రోలీటర్ మైక్రోలీటర్లు
        deciliter డెసిలీటర్ డెసిలీటర్లు
        kiloliter కిలోలీటర్ కిలోలీటర్లు
        gallon గాలన్ గాలన్లు
        fluidounce ఫ్లూయిడ్_ఔన్సు ఫ్లూయిడ్_ఔన్సులు
        teaspoon టీస్పూన్ టీస్పూన్లు
        tablespoon టేబుల్_స్పూన్ టేబుల్_స్పూన్లు
        cup కప్పు కప్పులు
        pinch చిటికెడు చిటికెలు
        pint పింట్ పింట్లు
        quart క్వార్ట్ క్వార్టులు
        hour గంట గంటలు
        minute నిమిషం నిమిషాలు
        second సెకను సెకన్లు
        millisecond మిల్లీసెకను మిల్లీసెకన్లు
        microsecond మైక్రోసెకను మైక్రోసెకన్లు
        day రోజు రోజులు
        week వారం వారాలు
        month నెల నెలలు
        year సంవత్సరం సంవత్సరాలు
        bit బిట్ బిట్లు
        byte బైట్ బైట్లు
        kilobyte కిలోబైట్ కిలోబైట్లు
        megabyte మెగాబైట్ మెగాబైట్లు
        gigabyte గిగాబైట్ గిగాబైట్లు
        terabyte టెరాబైట్ టెరాబైట్లు
        petabyte పెటాబైట్ పెటాబైట్లు
        kilobit కిలోబిట్ కిలోబిట్లు
        megabit మెగాబిట్ మెగాబిట్లు
        gigabit గిగాబిట్ గిగాబిట్లు
        hertz హెర్ట్జ్
        kilohertz కిలోహెర్ట్జ్
        megahertz మెగాహెర్ట్జ్
        gigahertz గిగాహెర్ట్జ్
        volt వోల్ట్ వోల్టులు
        kilovolt కిలోవోల్ట్ కిలోవోల్టులు
        millivolt మిల్లీవోల్ట్ మిల్లీవోల్టులు
        watt వాట్ వాట్లు
        kilowatt కిలోవాట్ కిలోవాట్లు
        megawatt మెగావాట్ మెగావాట్లు
        gigawatt గిగావాట్ గిగావాట్లు
        kilowatthour కిలోవాట్_గంట కిలోవాట్_గంటలు
        ampere ఆంపియర్ ఆంపియర్లు
        milliampere మిల్లీఆంపియర్ మిల్లీఆంపియర్లు
        milliamperehour మిల్లీఆంపియర్_గంట మిల్లీఆంపియర్_గంటలు
        amperehour ఆంపియర్_గంట ఆంపియర్_గంటలు
        ohm ఓమ్ ఓమ్‌లు
        kiloohm కిలోఓమ్ కిలోఓమ్‌లు
        joule జౌల్ జౌల్స్
        kilojoule కిలోజౌల్ కిలోజౌల్స్
        calorie కేలరీ కేలరీలు
        kilocalorie కిలోకేలరీ కిలోకేలరీలు
        pascal పాస్కల్ పాస్కల్స్
        kilopascal కిలోపాస్కల్ కిలోపాస్కల్స్
        hectopascal హెక్టోపాస్కల్ హెక్టోపాస్కల్స్
        bar బార్ బార్లు
        psi పౌండ్స్_పర్_స్క్వేర్_ఇంచ్
        newton న్యూటన్ న్యూటన్లు
        decibel డెసిబెల్ డెసిబెల్స్
        horsepower హార్స్‌పవర్
        celsius డిగ్రీ_సెల్సియస్ డిగ్రీల_సెల్సియస్
        fahrenheit డిగ్రీ_ఫారెన్‌హీట్ డిగ్రీల_ఫారెన్‌హీట్
        kelvin కెల్విన్
        degree డిగ్రీ డిగ్రీలు
        hectare హెక్టారు హెక్టార్లు
        acre ఎకరం ఎకరాలు
        cc సీసీ
        rpm ఆర్_పీ_ఎమ్
        fps ఎఫ్_పీ_ఎస్
        pixel పిక్సెల్ పిక్సెల్స్
        megapixel మెగాపిక్సెల్ మెగాపిక్సెల్స్
        ppm పీ_పీ_ఎమ్
        mmhg మిల్లీమీటర్_పాదరసం మిల్లీమీటర్ల_పాదరసం
        millimole మిల్లీమోల్ మిల్లీమోల్స్
        milliequivalent మిల్లీఈక్వివలెంట్ మిల్లీఈక్వివలెంట్లు
        bpm బీట్స్_పర్_మినిట్
        newtonmeter న్యూటన్_మీటర్ న్యూటన్_మీటర్లు
        internationalunit అంతర్జాతీయ_యూనిట్ అంతర్జాతీయ_యూనిట్లు
        mole మోల్ మోల్స్
        knot నాట్ నాట్లు
        lumen ల్యూమెన్ ల్యూమెన్లు
    """)
    square, cubic = "చదరపు", "ఘనపు"
    currencies: ClassVar = {
        code: (forms, parts)
        for code, forms, parts in (
            ("INR", ("రూపాయి", "రూపాయలు"), ("పైసా", "పైసలు")),
            ("USD", ("డాలర్", "డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("EUR", ("యూరో", "యూరోలు"), ("సెంటు", "సెంట్లు")),
            ("GBP", ("పౌండు", "పౌండ్లు"), ("పెన్నీ", "పెన్స్")),
            ("JPY", ("యెన్", "యెన్‌లు"), ("", "")),
            ("CNY", ("యువాన్", "యువాన్‌లు"), ("ఫెన్", "ఫెన్")),
            ("KRW", ("వోన్", "వోన్‌లు"), ("", "")),
            ("RUB", ("రూబుల్", "రూబుళ్లు"), ("కోపెక్", "కోపెక్‌లు")),
            ("TRY", ("లిరా", "లిరాలు"), ("కురుష్", "కురుష్")),
            ("ILS", ("షెకెల్", "షెకెళ్లు"), ("అగోరా", "అగోరాలు")),
            ("NGN", ("నైరా", "నైరాలు"), ("కోబో", "కోబోలు")),
            ("PHP", ("పెసో", "పెసోలు"), ("సెంటావో", "సెంటావోలు")),
            ("VND", ("డాంగ్", "డాంగ్‌లు"), ("", "")),
            ("THB", ("బాట్", "బాట్‌లు"), ("సతాంగ్", "సతాంగ్‌లు")),
            ("BDT", ("టాకా", "టాకాలు"), ("పొయిషా", "పొయిషాలు")),
            ("UAH", ("హ్రివ్నియా", "హ్రివ్నియాలు"), ("కోపియ్కా", "కోపియ్కాలు")),
            ("BTC", ("బిట్‌కాయిన్", "బిట్‌కాయిన్లు"), ("", "")),
            ("CHF", ("స్విస్ ఫ్రాంక్", "స్విస్ ఫ్రాంక్‌లు"), ("సెంటీమ్", "సెంటీమ్‌లు")),
            ("AED", ("దిర్హామ్", "దిర్హామ్‌లు"), ("ఫిల్స్", "ఫిల్స్")),
            ("SAR", ("రియాల్", "రియాల్‌లు"), ("హలాలా", "హలాలాలు")),
            ("AUD", ("ఆస్ట్రేలియన్ డాలర్", "ఆస్ట్రేలియన్ డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("CAD", ("కెనడియన్ డాలర్", "కెనడియన్ డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("NZD", ("న్యూజిలాండ్ డాలర్", "న్యూజిలాండ్ డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("SGD", ("సింగపూర్ డాలర్", "సింగపూర్ డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("HKD", ("హాంకాంగ్ డాలర్", "హాంకాంగ్ డాలర్లు"), ("సెంటు", "సెంట్లు")),
            ("PKR", ("పాకిస్తానీ రూపాయి", "పాకిస్తానీ రూపాయలు"), ("పైసా", "పైసలు")),
            ("LKR", ("శ్రీలంక రూపాయి", "శ్రీలంక రూపాయలు"), ("సెంటు", "సెంట్లు")),
            ("NPR", ("నేపాలీ రూపాయి", "నేపాలీ రూపాయలు"), ("పైసా", "పైసలు")),
            ("SEK", ("స్వీడిష్ క్రోనా", "స్వీడిష్ క్రోనాలు"), ("ఓరె", "ఓరె")),
            ("NOK", ("నార్వేజియన్ క్రోన్", "నార్వేజియన్ క్రోన్‌లు"), ("ఓరె", "ఓరె")),
            ("DKK", ("డానిష్ క్రోన్", "డానిష్ క్రోన్‌లు"), ("ఓరె", "ఓరె")),
            ("ZAR", ("రాండ్", "రాండ్‌లు"), ("సెంటు", "సెంట్లు")),
            ("BRL", ("రియల్", "రియల్‌లు"), ("సెంటావో", "సెంటావోలు")),
            ("MXN", ("మెక్సికన్ పెసో", "మెక్సికన్ పెసోలు"), ("సెంటావో", "సెంటావోలు")),
        )
    }

    def cardinal(self, value: int, indian: bool = True) -> str:
        if value < 100:
            return self.small[value]
        for size, one, one_and, many in _SCALES:
            if value >= size:
                count, rest = divmod(value, size)
                if count == 1:
                    said = one_and if rest else one
                else:
                    said = f"{self.before_noun(self.cardinal(count))} {many}"
                    said = self.before_noun(said) if rest else said
                return f"{said} {self.cardinal(rest)}" if rest else said
        raise ValueError(f"value {value} cannot be; use 0 or more")

    def before_noun(self, said: str) -> str:
        before, space, last = said.rpartition(" ")
        if last == "ఒకటి" and before.endswith((self.words["point"], *_ONES)):
            return said  # a digit of several
        return before + space + _OBLIQUE.get(last, last)

    def before(self, said: str, following: str) -> str:
        """An ending stays on its number, a word stands apart."""
        if following not in CASES:
            return f"{self.before_noun(said)} "
        stem = said if said.endswith(_ONES[1]) else self.before_noun(said)
        return f"{stem} " if following in _APART else stem

    def with_case(self, noun: str, case: str) -> str:
        """A noun, or an amount that ends with one: రూపాయలు, రూపాయలకు; శాతం, శాతానికి."""
        if case not in CASES:
            return f"{noun} {case}"
        if case[0] == "ల" and not case.startswith("లో"):
            case = case[1:]
            if case == "ు":
                return noun
        stem = noun[:-1] if noun.endswith("లు") else noun
        if noun.endswith("ం") and case in _AFTER_M:
            return noun[:-1] + _AFTER_M[case]
        return f"{stem} {case}" if case in _APART else stem + case

    def scaled(self, said: str, scale: str) -> str:
        for name in scale.split():
            one = {"lakh": "లక్ష", "crore": "కోటి", "thousand": "వెయ్యి", "hundred": "వంద"}
            if said == "ఒకటి" and name in one:
                said = f"ఒక {one[name]}"
            else:
                said = self.before_noun(f"{self.before_noun(said)} {self.scales[name]}")
        return said

    def year(self, value: int) -> str:
        century, rest = divmod(value, 100)
        if not 1100 <= value < 2000:
            return self.cardinal(value)
        return f"{self.small[century]} వందల" + (f" {self.small[rest]}" if rest else "")

    def ordinal(self, value: int, ending: str = "వ", *, year: bool = False) -> str:
        if value == 1:
            return "మొదటి" + ("ది" if ending.endswith("ది") else "")
        said = self.year(value) if year else self.cardinal(value)
        if said[-1] in "ిు":
            return said[:-1] + ending
        if said.endswith("ై"):
            return f"{said[:-1]}య్య{ending}"
        return said + ending

    def date(self, day: int, month: int, year: int | None, *, month_first: bool = True) -> str:
        return super().date(day, month, year, month_first=month_first)

    def clock(self, hour: int, minute: int, second: int | None, after: str) -> str:
        said = self.small[hour]
        if after and after not in _AFTER:
            return " ".join([said, *([self.small[minute]] if minute else []), after])
        if second is not None:
            return f"{self._hours(hour)} {self._minutes(minute, 'నిమిషాల')} " + self.counted(
                Number(str(second)), self.units["second"]
            )
        if not minute:
            return f"{said} {after or 'గంటలు'}"
        if minute == 30 and 1 <= hour <= 12 and after:
            return f"{said}న్నర {after}"
        return f"{self._hours(hour)} {self._minutes(minute, _AFTER.get(after, 'నిమిషాలు'))}"

    def _hours(self, hour: int) -> str:
        return "ఒంటి గంట" if hour == 1 else f"{self.small[hour]} గంటల"

    def _minutes(self, minute: int, noun: str) -> str:
        return f"{self.before_noun(self.small[minute])} {noun}"

    def fraction(self, whole: int | None, top: int, bottom: int) -> str:
        if whole and bottom in (2, 4) and top < bottom:
            said = self.cardinal(whole)
            quarters = top * 4 // bottom
            if quarters == 2:
                return f"{said}న్నర"
            return f"{said} {'పావు' if quarters == 1 else 'ముప్పావు'}"
        said = f"{self.cardinal(top)} బై {self.cardinal(bottom)}"
        return f"{self.cardinal(whole)} {self.words['and']} {said}" if whole else said

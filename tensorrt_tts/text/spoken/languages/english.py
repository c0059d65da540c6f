"""English numbers, with lakh and crore where the writer grouped so. Pure."""

from __future__ import annotations

from typing import ClassVar

from tensorrt_tts.text.spoken.languages.base import Language, names, table

_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_ONES = tuple(_SMALL.split())
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_WESTERN = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_INDIAN = ((10**12, "lakh crore"), (10**7, "crore"), (10**5, "lakh"), (1000, "thousand"))
_ORDINALS = names("""
    one first
    two second
    three third
    five fifth
    eight eighth
    nine ninth
    twelve twelfth
""")
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_MONTHS = "January February March April May June July August September October November December"


class English(Language):
    code = "en"
    small = _ONES + tuple(
        tens if not ones else f"{tens} {_ONES[ones]}" for tens in _TENS for ones in range(10)
    )
    months = tuple(_MONTHS.split())
    scales: ClassVar = {
        name: name
        for name in ("hundred", "thousand", "million", "billion", "trillion", "lakh", "crore")
    } | {"arab": "arab", "kharab": "kharab"}
    words: ClassVar = names("""
        minus minus
        point point
        plus plus
        to to
        percent percent
        permille per mille
        at at
        dot dot
        slash slash
        colon colon
        dash dash
        underscore underscore
        hash hash
        hashtag hashtag
        number number
        and and
        or or
        equals equals
        times times
        fold times
        by by
        over divided by
        plusminus plus or minus
        less less than
        more greater than
        atmost less than or equal to
        atleast greater than or equal to
        unequal not equal to
        ratio to
        about about
        root square root of
        infinity infinity
        power to the power of
        squared squared
        cubed cubed
        degrees degrees
        per per
        question question mark
        tilde tilde
        star star
        section section
        pi pi
        sum sum
        implies implies
        backslash backslash
        minutes minutes
        feet feet
        inches inches
        am AM
        pm PM
    """)
    units: ClassVar = table("""
        meter meter meters
        kilometer kilometer kilometers
        centimeter centimeter centimeters
        millimeter millimeter millimeters
        micrometer micrometer micrometers
        nanometer nanometer nanometers
        mile mile miles
        foot foot feet
        inch inch inches
        yard yard yards
        gram gram grams
        kilogram kilogram kilograms
        milligram milligram milligrams
        microgram microgram micrograms
        tonne tonne tonnes
        quintal quintal quintals
        pound pound pounds
        ounce ounce ounces
        liter liter liters
        milliliter milliliter milliliters
        indexpoint point points
        basispoint basis_point basis_points
        microliter microliter microliters
        deciliter deciliter deciliters
        kiloliter kiloliter kiloliters
        gallon gallon gallons
        fluidounce fluid_ounce fluid_ounces
        teaspoon teaspoon teaspoons
        tablespoon tablespoon tablespoons
        cup cup cups
        pinch pinch pinches
        pint pint pints
        quart quart quarts
        hour hour hours
        minute minute minutes
        second second seconds
        millisecond millisecond milliseconds
        microsecond microsecond microseconds
        day day days
        week week weeks
        month month months
        year year years
        bit bit bits
        byte byte bytes
        kilobyte kilobyte kilobytes
        megabyte megabyte megabytes
        gigabyte gigabyte gigabytes
        terabyte terabyte terabytes
        petabyte petabyte petabytes
        kilobit kilobit kilobits
        megabit megabit megabits
        gigabit gigabit gigabits
        hertz hertz
        kilohertz kilohertz
        megahertz megahertz
        gigahertz gigahertz
        volt volt volts
        kilovolt kilovolt kilovolts
        millivolt millivolt millivolts
        watt watt watts
        kilowatt kilowatt kilowatts
        megawatt megawatt megawatts
        gigawatt gigawatt gigawatts
        kilowatthour kilowatt_hour kilowatt_hours
        ampere ampere amperes
        milliampere milliampere milliamperes
        milliamperehour milliampere_hour milliampere_hours
        amperehour ampere_hour ampere_hours
        ohm ohm ohms
        kiloohm kiloohm kiloohms
        joule joule joules
        kilojoule kilojoule kilojoules
        calorie calorie calories
        kilocalorie kilocalorie kilocalories
        pascal pascal pascals
        kilopascal kilopascal kilopascals
        hectopascal hectopascal hectopascals
        bar bar bars
        psi pound_per_square_inch pounds_per_square_inch
        newton newton newtons
        decibel decibel decibels
        horsepower horsepower
        celsius degree_Celsius degrees_Celsius
        fahrenheit degree_Fahrenheit degrees_Fahrenheit
        kelvin kelvin kelvins
        degree degree degrees
        hectare hectare hectares
        acre acre acres
        cc CC
        rpm revolution_per_minute revolutions_per_minute
        fps frame_per_second frames_per_second
        pixel pixel pixels
        megapixel megapixel megapixels
        ppm part_per_million parts_per_million
        mmhg millimeter_of_mercury millimeters_of_mercury
        millimole millimole millimoles
        milliequivalent milliequivalent milliequivalents
        bpm beat_per_minute beats_per_minute
        newtonmeter newton_meter newton_meters
        internationalunit international_unit international_units
        mole mole moles
        knot knot knots
        lumen lumen lumens
    """)
    square, cubic = "square", "cubic"
    currencies: ClassVar = {
        code: (forms, parts)
        for code, forms, parts in (
            ("INR", ("rupee", "rupees"), ("paisa", "paise")),
            ("USD", ("dollar", "dollars"), ("cent", "cents")),
            ("EUR", ("euro", "euros"), ("cent", "cents")),
            ("GBP", ("pound", "pounds"), ("penny", "pence")),
            ("JPY", ("yen", "yen"), ("", "")),
            ("CNY", ("yuan", "yuan"), ("fen", "fen")),
            ("KRW", ("won", "won"), ("", "")),
            ("RUB", ("ruble", "rubles"), ("kopek", "kopeks")),
            ("TRY", ("lira", "lira"), ("kurush", "kurush")),
            ("ILS", ("shekel", "shekels"), ("agora", "agorot")),
            ("NGN", ("naira", "naira"), ("kobo", "kobo")),
            ("PHP", ("peso", "pesos"), ("centavo", "centavos")),
            ("VND", ("dong", "dong"), ("", "")),
            ("THB", ("baht", "baht"), ("satang", "satang")),
            ("BDT", ("taka", "taka"), ("poisha", "poisha")),
            ("UAH", ("hryvnia", "hryvnias"), ("kopiyka", "kopiykas")),
            ("BTC", ("bitcoin", "bitcoins"), ("", "")),
            ("CHF", ("Swiss franc", "Swiss francs"), ("centime", "centimes")),
            ("AED", ("dirham", "dirhams"), ("fils", "fils")),
            ("SAR", ("riyal", "riyals"), ("halala", "halalas")),
            ("AUD", ("Australian dollar", "Australian dollars"), ("cent", "cents")),
            ("CAD", ("Canadian dollar", "Canadian dollars"), ("cent", "cents")),
            ("NZD", ("New Zealand dollar", "New Zealand dollars"), ("cent", "cents")),
            ("SGD", ("Singapore dollar", "Singapore dollars"), ("cent", "cents")),
            ("HKD", ("Hong Kong dollar", "Hong Kong dollars"), ("cent", "cents")),
            ("PKR", ("Pakistani rupee", "Pakistani rupees"), ("paisa", "paise")),
            ("LKR", ("Sri Lankan rupee", "Sri Lankan rupees"), ("cent", "cents")),
            ("NPR", ("Nepalese rupee", "Nepalese rupees"), ("paisa", "paise")),
            ("SEK", ("Swedish krona", "Swedish kronor"), ("ore", "ore")),
            ("NOK", ("Norwegian krone", "Norwegian kroner"), ("ore", "ore")),
            ("DKK", ("Danish krone", "Danish kroner"), ("ore", "ore")),
            ("ZAR", ("rand", "rand"), ("cent", "cents")),
            ("BRL", ("real", "reais"), ("centavo", "centavos")),
            ("MXN", ("Mexican peso", "Mexican pesos"), ("centavo", "centavos")),
        )
    }

    def cardinal(self, value: int, indian: bool = False) -> str:
        if value < 100:
            return self.small[value]
        if value < 1000:
            hundreds, rest = divmod(value, 100)
            return f"{_ONES[hundreds]} hundred" + self._rest(rest, indian)
        for size, name in _INDIAN if indian else _WESTERN:
            if value >= size:
                count, rest = divmod(value, size)
                return f"{self.cardinal(count, indian)} {name}" + self._rest(rest, indian)
        raise ValueError(f"value {value} cannot be; use 0 or more")

    def _rest(self, value: int, indian: bool) -> str:
        return f" {self.cardinal(value, indian)}" if value else ""

    def year(self, value: int) -> str:
        century, rest = divmod(value, 100)
        if not 1100 <= value <= 2099 or 2000 <= value <= 2009:
            return self.cardinal(value)
        if not rest:
            return f"{self.small[century]} hundred"
        return f"{self.small[century]} {'oh ' if rest < 10 else ''}{self.small[rest]}"

    def years(self, value: int) -> str:
        """A decade: 1980 is the nineteen eighties, 80 the eighties."""
        said = self.cardinal(value) if value < 100 or value == 2000 else self.year(value)
        if said.endswith("y"):
            return f"{said[:-1]}ies"
        return f"{said}s"

    def ordinal(self, value: int, ending: str = "", *, year: bool = False) -> str:
        before, _, last = self.cardinal(value).rpartition(" ")
        if last in _ORDINALS:
            last = _ORDINALS[last]
        else:
            last = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
        return f"{before} {last}".lstrip()

    def day(self, day: int) -> str:
        return self.ordinal(day)

    def clock(self, hour: int, minute: int, second: int | None, after: str) -> str:
        if second is not None:
            parts = ((hour, "hour"), (minute, "minute"), (second, "second"))
            said = " ".join(
                f"{self.small[value]} {name}{'' if value == 1 else 's'}" for value, name in parts
            )
        elif minute:
            said = f"{self.small[hour]} {'oh ' if minute < 10 else ''}{self.small[minute]}"
        elif after or hour == 0:
            said = self.small[hour]
        else:
            said = f"{self.small[hour]} {'oclock' if hour <= 12 else 'hundred'}"
            said = said.replace("oclock", "o'clock")
        return f"{said} {after}".rstrip()

    def fraction(self, whole: int | None, top: int, bottom: int) -> str:
        if bottom > 100 or (top >= bottom and whole is None and bottom not in (2, 3, 4)):
            said = f"{self.cardinal(top)} over {self.cardinal(bottom)}"
        else:
            one, many = _PARTS.get(bottom) or (self.ordinal(bottom), f"{self.ordinal(bottom)}s")
            single = f"{'a' if whole else 'one'} {one}"
            said = single if top == 1 else f"{self.cardinal(top)} {many}"
        return f"{self.cardinal(whole)} and {said}" if whole else said

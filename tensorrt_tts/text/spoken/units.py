"""Signs and short forms of units, and the names that languages give words for. Pure."""

from __future__ import annotations

_LATIN = """
    meter m mtr mtrs metre|kilometer km kms Km KM|centimeter cm cms CM|millimeter mm MM|
    micrometer μm µm um|nanometer nm|mile mi|foot ft ft.|inch inch|yard yd yds|
    gram g gm gms gm.|kilogram kg kgs Kg KG kg. kgs.|milligram mg|microgram mcg μg µg|
    microliter μL µL μl µl|
    quintal q qtl|pound lb lbs lb. lbs.|ounce oz oz.|tonne t|
    liter L l ltr ltrs Ltr lit|milliliter ml mL ML|kiloliter kl kL|gallon gal|
    fluidounce fl_oz fl_oz. fl._oz. floz|teaspoon tsp tsps tsp. tsps. Tsp|
    tablespoon tbsp tbsps tbsp. tbsps. Tbsp Tbsp. tbs|cup cup cups|pinch pinch pinches|
    pint pt pt.|quart qt qts qt. qts.|
    hour hr hrs hr. hrs. Hrs|minute min mins min. mins. Min|second s sec secs sec. secs. Sec|
    millisecond ms|microsecond μs µs|
    kilobyte KB kB kb|megabyte MB|gigabyte GB gb Gb|terabyte TB|petabyte PB|
    hertz Hz hz|kilohertz kHz KHz khz|megahertz MHz Mhz mhz|gigahertz GHz Ghz ghz|
    volt V|kilovolt kV KV|millivolt mV|watt W|kilowatt kW KW kw|megawatt MW|gigawatt GW|
    kilowatthour kWh KWh kwh|milliampere mA|milliamperehour mAh|amperehour Ah|
    ohm Ω|kiloohm kΩ|joule J|kilojoule kJ|calorie cal|kilocalorie kcal|
    pascal Pa|kilopascal kPa|hectopascal hPa|psi psi PSI|decibel dB|horsepower hp HP|
    celsius °C ℃ °_C deg_C|fahrenheit °F °_F deg_F|degree °|
    mmhg mmHg mm_Hg|mole mol|millimole mmol|milliequivalent mEq|bpm bpm BPM|newtonmeter Nm N·m|
    internationalunit IU|hectare ha|acre ac|cc cc CC|
    rpm rpm RPM|fps fps|indexpoint pts|basispoint bps|pixel px|megapixel MP|ppm ppm
"""
_RATES = {
    "kmph": ("kilometer", "hour"),
    "kph": ("kilometer", "hour"),
    "mph": ("mile", "hour"),
    "kbps": ("kilobit", "second"),
    "Kbps": ("kilobit", "second"),
    "mbps": ("megabit", "second"),
    "Mbps": ("megabit", "second"),
    "MBps": ("megabyte", "second"),
    "gbps": ("gigabit", "second"),
    "Gbps": ("gigabit", "second"),
}
_INDIC = """
    kilometer किमी कि.मी. कि.मी కి.మీ. కి.మీ కిమీ|meter मी मी. మీ. మీ|
    centimeter सेमी से.मी. सेंमी సెం.మీ. సెం.మీ సెంమీ|
    millimeter मिमी मि.मी. మి.మీ. మిమీ|kilogram किग्रा कि.ग्रा. कि.ग्रा కి.గ్రా. కి.గ్రా కిగ్రా|
    gram ग्रा ग्रा. గ్రా. గ్రా|milligram मिग्रा मि.ग्रा. మి.గ్రా. మిగ్రా|
    liter ली ली. లీ. లీ|milliliter मिली मि.ली. मिली. మి.లీ. మి.లీ మిలీ|
    hour घं. గం. గం|minute मि. మిని. ని.|second से. సె.|foot फ़ी. फी. అ.|
    celsius डिग्री_से. |quintal क्विं. క్విం.
"""
_PER = {
    "h": "hour", "hr": "hour", "hour": "hour", "min": "minute", "s": "second", "sec": "second",
    "day": "day", "week": "week", "wk": "week", "month": "month", "mo": "month", "year": "year",
    "yr": "year", "kg": "kilogram", "g": "gram", "L": "liter", "l": "liter", "ltr": "liter",
    "m": "meter", "km": "kilometer", "ml": "milliliter", "mL": "milliliter", "dl": "deciliter",
    "dL": "deciliter", "μL": "microliter", "µL": "microliter", "μl": "microliter",
    "µl": "microliter", "m³": "meter", "cm²": "centimeter", "cm³": "centimeter", "km²": "kilometer",
    "ft²": "foot",
    "100g": "", "sec.": "second", "qtl": "quintal", "lb": "pound", "oz": "ounce", "ft": "foot",
    "GB": "gigabyte", "MB": "megabyte", "acre": "acre", "m²": "meter", "घं.": "hour",
    "ली.": "liter", "ली": "liter", "లీ.": "liter", "కి.గ్రా.": "kilogram", "కేజీ": "kilogram",
    "घं": "hour", "किग्रा": "kilogram", "గం.": "hour", "hrs": "hour",
    "घंटा": "hour", "घंटे": "hour", "घण्टा": "hour", "मिनट": "minute", "सेकंड": "second", "दिन": "day",
    "हफ़्ता": "week", "सप्ताह": "week", "महीना": "month", "माह": "month", "साल": "year", "वर्ष": "year",
    "लीटर": "liter", "मीटर": "meter", "किमी": "kilometer", "గంట": "hour",
    "నిమిషం": "minute", "సెకను": "second", "రోజు": "day", "వారం": "week", "నెల": "month",
    "సంవత్సరం": "year", "లీటర్": "liter", "మీటర్": "meter", "కిమీ": "kilometer",
}  # fmt: skip


def _aliases(groups: str) -> dict[str, str]:
    found = {}
    for group in groups.replace("\n", "").split("|"):
        name, *signs = group.split()
        for sign in signs:
            found[sign.replace("_", " ")] = name
    return found


UNITS = _aliases(_LATIN) | _aliases(_INDIC) | {"in": "inch"}
RATES = _RATES
PER = {sign: name for sign, name in _PER.items() if name}

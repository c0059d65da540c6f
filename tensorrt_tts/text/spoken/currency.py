"""Signs, codes and short forms of currencies, and of large round amounts. Pure."""

from __future__ import annotations

_SIGNS = """
    INR ₹ Rs. Rs RS. RS rs. rs Re. INR रु. रु रू. रू ₨ రూ. రూ
    USD $ US$ USD U$
    EUR € EUR
    GBP £ GBP
    JPY ¥ JPY JP¥
    CNY CNY RMB CN¥
    KRW ₩ KRW
    RUB ₽ RUB
    TRY ₺ TRY
    ILS ₪ ILS
    NGN ₦ NGN
    PHP ₱ PHP
    VND ₫ VND
    THB ฿ THB
    BDT ৳ BDT
    UAH ₴ UAH
    BTC ₿ BTC
    CHF CHF
    AED AED
    SAR SAR
    AUD A$ AU$ AUD
    CAD C$ CA$ CAD
    NZD NZ$ NZD
    SGD S$ SGD
    HKD HK$ HKD
    PKR PKR
    LKR LKR
    NPR NPR
    SEK SEK
    NOK NOK
    DKK DKK
    ZAR ZAR
    BRL R$ BRL
    MXN MXN MX$
"""
SIGNS = {
    sign: code for code, *signs in (row.split() for row in _SIGNS.split("\n") if row.strip())
    for sign in signs
}  # fmt: skip

_SCALES = """
    hundred hundred सौ వందల వందలు
    thousand thousand k K हज़ार हजार వేల వేలు వెయ్యి
    lakh lakh lakhs lac lacs Lakh Lakhs Lac लाख L లక్షల లక్షలు లక్ష
    crore crore crores Crore Crores cr cr. Cr Cr. crs करोड़ करोड కోట్ల కోట్లు కోటి
    arab अरब
    kharab खरब
    million million millions M mn Mn mln m मिलियन మిలియన్
    billion billion billions B bn Bn b बिलियन బిలియన్
    trillion trillion trillions T tn tr ट्रिलियन ట్రిలియన్
"""
SCALES = {
    sign: name for name, *signs in (row.split() for row in _SCALES.split("\n") if row.strip())
    for sign in signs
}  # fmt: skip

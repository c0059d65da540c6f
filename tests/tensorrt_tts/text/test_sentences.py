"""Where sentences end: what was broken once, and more of its kind."""

import pytest

from tensorrt_tts.text.sentences import SentenceScanner
from tensorrt_tts.text.spacing import Spacing

WHOLE = [
    # Months, titles and other abbreviations.
    "The shop closes on Jan. 5 for repairs.",
    "It opened on Sept. 3 last year.",
    "We meet on Feb. 28 and Mar. 1 again.",
    "Call No. 5 or No. 12 instead.",
    "She has a Ph.D. in physics from Pune.",
    "He holds an M.A. in history.",
    "They hired a B.Tech. from Delhi.",
    "Smt. Rao and Shri. Das agreed.",
    "It took approx. 20 minutes.",
    "The fee is Rs. 500 for every student.",
    "Pay Rs. 1.5 lakh by 10.30 a.m. today.",
    "Write to a.rao@example.co.in or www.example.com today.",
    "J. R. R. Tolkien and C. V. Raman wrote.",
    "Er wohnt in der Bahnhofstr. 5 in Kassel.",
    "Wir treffen uns Hauptstr. 12 um drei.",
    "Sie zog in die Goethestr. 7 um.",
    # Indian abbreviations.
    "डॉ. शर्मा कल आएंगे।",
    "प्रो. वर्मा और पं. नेहरू मिले।",
    "रु. 500 दीजिए।",
    "यहाँ से 5 कि.मी. दूर है।",
    "आर. के. नारायण ने लिखा।",
    "सी. वी. रमन वैज्ञानिक थे।",
    "డా. రావు రేపు వస్తారు.",
    "రూ. 500 ఇవ్వండి.",
    "ఎన్.టి.ఆర్. వచ్చారు.",
    "అది 5 కి.మీ. దూరం.",
    "मेरा पता म.नं. 12 गली नं. 4 है।",
    "वह उ.प्र. सरकार में है।",
    "वह भा.ज.पा. का सदस्य है।",
    "उसका गाँव ज़ि. मेरठ में है।",
    "पी.वी. नरसिम्हा राव प्रधानमंत्री थे।",
    "మా ఇంటి నెం. 4 గుంటూరులో ఉంది.",
    "సమావేశం ఉ. 9 గంటలకు మొదలవుతుంది.",
    "రైలు సా. 5.30 గంటలకు బయలుదేరుతుంది.",
    "అతను మ. 12 గంటలకు, రా. 8 గంటలకు వస్తాడు.",
    "వై.ఎస్.ఆర్. కడప జిల్లాలో వర్షం కురిసింది.",
    "The call is at 5 p.m. IST today.",
    "Join at 9 a.m. GMT or later.",
    "Take Tab. Dolo and Inj. Neurobion now.",
    "My house is H.No. 8-2-293 in town.",
    # Quotes and brackets.
    'He said "No." and left.',
    '"Are you there?" he asked.',
    "“Come in!” she said.",
    'అతను "వస్తాను." అన్నాడు.',
    'उसने "ठीक है।" कहा और चला गया।',
    "「行きます。」と言った。",
    "He came (it was late. It rained.) and sat down.",
    "See the note [p. 5. It is short] first.",
    "They read 《你好。再见》 today.",
    # Numbers, lists.
    "1. Wash your hands.",
    "(2.) Dry them well.",
    "Version 3.11.7 is 2.5 times faster.",
    "Well… maybe.",
]


def sentences(text: str, language: str = "en") -> list[str]:
    """Of a whole text, without the white space between them. language: BCP 47."""
    spacing, scanner, found, start = Spacing(), SentenceScanner(language), [], 0
    text = spacing.feed(text)
    while start < len(text):
        end, _ = scanner.next(text, start, start, len(text), ended=True)
        stop = len(text) if end is None else end.stop
        found.append(text[start:stop])
        start = stop + len(text[stop : stop + 2]) - len(text[stop : stop + 2].lstrip())
    return found


@pytest.mark.parametrize("text", WHOLE)
def test_one_sentence(text: str) -> None:
    assert sentences(text, "de" if "str." in text else "en") == [text]


DIVIDED = [
    "He works at T.C.S. in Pune.|She is a doctor.",
    "No.|I will not come.",
    "The answer is no.|Then we left.",
    "It opens at 9 a.m.|Please be on time.",
    "We met at 5 p.m.|It was late.",
    "Close the tab.|He left.",
    "आप इधर आ.|मैं चला।",
    "ఇటు రా.|అక్కడ కూర్చో.",
    "वह आया है.|हम गए.",
    "The score was 5.|Then it rained.",
    "1. Wash your hands.|2. Dry them.|3. Go.",
    '"Are you there?"|He did not answer.',
    "(He was late.)|We left.",
    "is it done?|yes it is.",
    "Great job! 👍|See you.",
    "So good 😀.|Thanks.",
    "Really?! 😂😂|I see.",
    "That is so.[1]|It was not known. [2]|Now it is.",
    "यह श्लोक है॥|अर्थ सुनिए।",
    "यह एक है |दूसरा नहीं।",
    "पता नहीं…|शायद कल।",
    "వాళ్ళు వచ్చారు.|మేము వెళ్ళాము.",
    "मैं घर जा रहा हूँ.|तुम कब आओगे?",
    "वह कल आई.|फिर वह चली गई.",
    "శ్రీరామ జయం।|నమస్కారం।",
    "मेरा bill Rs. 500 का है।|Please check करें.",
]


@pytest.mark.parametrize("text", DIVIDED)
def test_several_sentences(text: str) -> None:
    wanted = text.split("|")
    if wanted[0].endswith(" "):
        wanted, text = [wanted[0] + "|", wanted[1]], text.replace("|", "| ")
        assert sentences(text) == wanted
        return
    assert sentences(" ".join(wanted)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "你好.|今天天气很好!|我们去公园吧.",
        "今天下雨.|我在家.",
        "他来了?|来了.",
        "价格是3.5元.|很便宜.",
        "孩子们放学了。|妈妈在做饭！",
        "他说：“你好。”|然后走了。",
        "これはペンです。|それは何ですか？",
        "यह एक है।|यह दो है।",
        "वह घर गया.|मैं नहीं गया.",
        "ఇది ఒకటి.|అది రెండు.",
        "This is one.|This is two.",
        "안녕하세요.|반갑습니다!",
    ],
)
def test_no_space_is_needed_where_it_is_clear(text: str) -> None:
    assert sentences(text.replace("|", "")) == text.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "Bread|Milk|Eggs",
        "bread|milk|eggs",
        "दूध|अंडे|रोटी",
        "పాలు|గుడ్లు",
        "Shopping list:|- two loaves of the dark bread that we had on Sunday, if any|- milk",
        "1) wash|2) dry",
        "# A heading|The text begins here.",
        "Dear Anna,|thank you.|Yours, Tom",
        "It rained.|then it stopped.",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\t", "\u2028"])
def test_a_line_ends_its_sentence(text: str, end: str) -> None:
    assert sentences(text.replace("|", end)) == text.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "The rain had stopped by noon, and the children were coming home\nfrom school at last.",
        "We went to the station, where we met the train that brought us\nAunt Mary.",
        "बारिश दोपहर तक रुक गई थी और सब बच्चे स्कूल से घर वापस आ रहे थे, इसलिए\nहम बाहर गए।",
        "This was written by Dr.\nRao himself.",
    ],
)
def test_wrapped_prose_goes_on(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize("gap", ["\n\n", "\n \n", "\r\n\r\n\r\n", "\u2029"])
def test_a_paragraph_always_ends(gap: str) -> None:
    for text in ("A title|The text.", "one (two|three", "और|फिर", "Dr.|Rao", "x, |y"):
        first, second = text.split("|")
        assert sentences(first + gap + second) == [first.strip(), second]


@pytest.mark.parametrize("text", ["", " \n\t ", "\u2029"])
def test_nothing(text: str) -> None:
    assert sentences(text) == []

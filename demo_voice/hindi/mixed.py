"""Frames of Hindi sentences with English words in them, as people say them. Own text; pure data."""

from __future__ import annotations

from demo_voice.hindi.forms import Noun

_GADGETS = (
    "phone laptop computer tablet keyboard printer camera router speaker mixer",
    "torch watch machine bike",
)
_TASKS = (
    "project form document assignment presentation report result code budget plan schedule",
    "meeting application email list class training",
)
_PEOPLE = (
    "manager doctor driver teacher customer engineer director",
    "team company receptionist nurse",
)
_OUTINGS = (
    "concert interview lunch dinner match workshop seminar show holiday weekend",
    "party movie flight class picnic ceremony",
)
_GOODS = (
    "bag jacket ticket gift helmet sofa fan fridge cake sandwich juice",
    "table chair bottle cycle pizza chocolate coffee",
)
_PLACES = (
    "office hospital hotel airport station mall park school college gym restaurant bank",
    "library",
)


def _nouns(words: tuple[str, str]) -> list[Noun]:
    masculine, feminine = words
    return [
        *(Noun(word, "m") for word in masculine.split()),
        *(Noun(word, "f") for word in feminine.split()),
    ]


GROUPS = {
    "gadget": _nouns(_GADGETS),
    "portable": _nouns(("phone laptop tablet camera speaker", "torch watch bike")),
    "task": _nouns(_TASKS),
    "staff": _nouns(_PEOPLE),
    "outing": _nouns(_OUTINGS),
    "goods": _nouns(_GOODS),
    "spot": _nouns(_PLACES),
}

WORDS = {
    "change": "update confirm check share save",
    "act": "start finish submit review approve cancel complete discuss plan",
    "trouble": "slow dead damage hang",
    "feeling": "busy free happy tired confused excited ready late",
    "nice": "nice cheap perfect simple important urgent interesting useful",
    "pay": "cash card online",
    "time": "today tomorrow weekend_पर next_week evening_में morning_में lunch_के_बाद",
}

_FRAMES = """
[s=who.ka~g] [g=portable] charge नहीं [है~g]।
[s=who.ka~g] [g=gadget] बहुत slow चल [रहा~g] [है~g]।
[s=who.ka~g] [g=gadget] [trouble] हो [गया~g] [है~g], repair करवाना पड़ेगा।
[please] [अपना~t] [t=task] [day] तक [act] कर दीजिए।
[s=who.ne] [past] [t=task] [act] [किया~t] [था~t]।
[s=who] अभी [o=outing.o] में busy [है~s], बाद में call [कर.fut~s]।
[s=who.ko] [t=task] के बारे में [p=staff.o] से बात करनी है।
[p=staff.o] ने कहा कि [t=task] बहुत [nice] [है~t]।
क्या आप मुझे [t=task] की details email कर सकते हैं?
मेरा order अभी तक deliver नहीं हुआ, please check कीजिए।
[s=who] [pay] payment [कर.fut~s] या [pay]?
[o=outing] [day] को है, इसलिए [s=who] [feeling] [है~s]।
[s=who] [past] [p=spot.o] में [q=staff.o] से [मिला~s] [था~s]।
इस account का password भूल जाने पर reset करना पड़ता है।
[s=named], please अपना mobile number [change] कर दो।
आज traffic बहुत ज़्यादा है, [s=who] [few] मिनट late [हो.fut~s]।
[s=who.ke] घर का internet [since] बंद है।
[b=goods] की price [rupees] रुपये है, थोड़ा discount मिलेगा क्या?
मुझे [few] [b=goods] चाहिए, पर budget थोड़ा कम है।
[s=who.ne] online एक [b=goods] order [किया~b] [है~b]।
यह [b=goods] size में [थोड़ा छोटा~b] [है~b], exchange हो जाएगा?
[s=you.ne] [o=outing.o] के लिए tickets book किए या नहीं?
[s=who.ka~t] [t=task] almost ready [है~t], बस final check बाक़ी है।
[day] को [p=spot] closed [रहता~p] [है~p], आप [day] को आइए।
[t=task.o] की deadline [day] है, तब तक finish करना होगा।
[s=who.ko] [part] की shift में काम करना पसंद है।
Doctor ने [s=who.ko] [few] दिन rest करने को कहा है।
[s=you.ka~g] [g=gadget] WiFi से connect नहीं हो [रहा~g] [है~g]।
[please] line पर बने रहिए, हम आपकी call transfer कर रहे हैं।
[city] की flight [teens] मिनट late है, gate number [few] पर wait कीजिए।
[s=who] [often] gym [जाता~s] [है~s] और healthy food [खाता~s] [है~s]।
कल [का~o] [o=outing] बहुत boring [था~o], पर food अच्छा था।
[s=named.ke] exam का result बहुत अच्छा है, सबने congratulations कहा।
Software update होने के बाद [g=gadget] restart कीजिए।
[s=who] weekend पर [city] की trip plan कर [रहा~s] [है~s]।
मैंने photo upload कर दी है, आप link पर click कीजिए।
[s=who.ne] feedback form में सब कुछ honestly लिखा है।
Bank का server down है, इसलिए transaction fail हो गया।
[s=who.ko] new job मिली है और salary भी अच्छी है।
Online class में [s=named.ko] teacher की आवाज़ clear नहीं आ रही थी।
[s=named] जी, आपका appointment शाम [evening] बजे के लिए confirm हो गया है।
हमारी team ने [few] महीने में project complete कर दिया।
Parking full है, गाड़ी [p=spot.o] के पास लगा दीजिए।
यह [nice] idea है, इसे [p=staff.o] के साथ share करते हैं।
[s=who.ka~g] [g=gadget] warranty में [है~g], service center ले जाइए।
"""
FRAMES = tuple(_FRAMES.strip().splitlines())

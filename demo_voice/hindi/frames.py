"""Frames of Hindi sentences, in the small language of ``compose.py``. Written for this corpus."""

from __future__ import annotations

DAILY = """
[s=who] [often] [a=doing] [a.hab~s] [है~s]।
[s=who] [now] [a=doing] [a.root] [रहा~s] [है~s]।
[s=who.ne] [past] [a=doing] [a.perf~a!]।
[s=who.ne] [a=doing] [a.perf~a] [था~a], लेकिन किसी ने ध्यान नहीं दिया।
[s=who] [future] [a=doing] [a.fut~s]।
[s=who] [how] [a=doing] [a.root] [रहा~s] [था~s]।
[s=who.ko] [future] [a=doing] [a.inf~a] [है~a]।
[s=who.ko] [past] [a=doing] [a.inf~a] [पड़ा~a!]।
[s=who.ko] हर हाल में [a=doing] [a.inf~a] चाहिए।
[s=who] [a=doing] नहीं [a.root] [पाया~s!], [because]।
[s=who] [until] [a=doing] [a.root] [चुका~s] [था~s]।
[s=who] [how] [a=doing] [a.root] [सकता~s] [है~s]।
[s=who.ne] [future] [a=doing] [a.info] का वादा किया है।
[s=who] [a=doing] [a.info] के बाद [m=move] [m.fut~s]।
[s=who.ne] [past] [f=forself] [f.root] [लिया~f] [था~f]।
[s=who.ne] [f=foraway] [f.root] [दिया~f!] और फिर आराम किया।
[s=who] [a=doing] [a.kar] [m=move] [m.perf~s!]।
[s=who.ko] [how] [a=doing] [a.inf] बहुत पसंद है।
[s=who] [past] [m=move] [m.perf~s] [था~s]।
[s=who] [often] [m=move] [m.hab~s] [है~s]।
[s=who] [future] [m=move] [m.fut~s]।
[s=who] अभी [m=move] [m.root] [रहा~s] [है~s], ज़रा ठहरिए।
जब [s=other] [m=move] [m.perf~s!], तब [t=who.ne] [a=doing] [a.perf~a!]।
अगर [s=other] समय पर [आया~s!], तो हम साथ मिलकर [a=doing] [a.fut~w]।[w:=we]
चाहे कितनी भी थकान हो, [s=who] [a=doing] ज़रूर [a.hab~s] [है~s]।
सबने सुना कि [s=who] [future] [a=doing] [a.fut~s]।
[s=named.ne] बताया कि [t=other] [future] [m=move] [m.fut~t]।
[s=man] और [t=woman] मिलकर [a=doing] [a.root] रहे हैं।
क्या [s=other] [future] [a=doing] [a.fut~s]?
क्या [s=other.ne] [past] [a=doing] [a.perf~a!]?
[s=other.ne] अभी तक [a=doing] क्यों नहीं [a.perf~a!]?
[s=you] [often] कितने बजे [m=move] [m.hab~s] [है~s]?
[s=you.ne] [past] [a=doing] [a.perf~a] [था~a] या नहीं?
तुम [how] [a=doing] [a.fam], फिर हम बाहर चलेंगे।
क्या तुमने [f=forself] [f.root] [लिया~f] [है~f]?
आप [please] [a=doing] [a.pol], हमें देर हो रही है।
[please] [how] [a=doing] [a.pol]।
[please] [until] [a=doing] [a.pol]।
बच्चो, शोर मत करो और [how] [a=doing] [a.fam]।
चलो, [until] [a=doing] [a.sub~w]।[w:=we]
[s=who] [since] [a=doing] [a.info] की कोशिश कर [रहा~s] [है~s]।
[s=who.ko] [a=doing] [a.info] में सिर्फ़ [few] मिनट लगे।
[s=other] [a=doing] [a.info] [लगा~s], तो सब लोग देखने लगे।
बिना किसी की मदद के [s=who.ne] [a=doing] [a.perf~a!]।
[s=elder] [often] [m=move] [m.hab~s] [था~s], पर अब घर पर ही [रहता~s] [है~s]।
[s=who] आज [a=doing] नहीं [a.inf] [चाहता~s!]।
मुझे लगता है कि [s=other.ne] [a=doing] [a.perf~a] [हो.fut~a]।
काश [s=other] भी [how] [a=doing] [a.root] [पाता~s!]।
न तो [s=other.ne] [a=doing] [a.perf~a!], न ही कुछ कहा।
[s=elder.ne] कहा कि [until] [a=doing] मत [a.inf]।
[s=who] [m=move] [m.info] से पहले [a=doing] [a.hab~s] [है~s]।
हो सकता है कि [s=other] [future] [a=doing] [a.sub~s]।
"""

THINGS = """
[मेरा~n] [n=thing|device] [q=room.o] में नहीं [है~n]।
[n=thing|device] [f=furniture.o] [beside] [रखा~n] [है~n]।
वह [size~n] [n=thing|furniture] बहुत [comparable~n] [है~n]।
यह [colour~n] [n=clothing] [s=who.ko] बहुत पसंद है।
[s=who.ne] [past] एक [colour~n] [n=clothing] [ख़रीदा~n!]।
[s=other.ka~n] [n=thing|device] मेज़ पर [रखा~n] [है~n], उसे मत छूना।
[s=who.ka~n] [colour~n] [n=thing|clothing] कहीं खो [गया~n] [है~n]।
इस [n=thing|clothing|furniture.o] की क़ीमत [rupees] रुपये है।
इस दुकान में [state~n] [n=thing|furniture|clothing.p] [मिलता~n] [है~n]।
[number] [n=thing|produce.p] कुल [rupees] रुपये में [मिल.fut~n]।
क्या यह [n=thing|device] [s=you.ka~n] [है~n]?
मुझे [few] [state~n] [n=thing|furniture.p] चाहिए।
यह [n=thing|device|furniture] उस [m=thing|device|furniture.o] से ज़्यादा [comparable~n] [है~n]।
[f=furniture.o] के नीचे [teens] [n=thing.p] [पड़ा~n] [था~n]।
[s=who.ka~n] [n=device] [past] अचानक बंद हो [गया~n!]।
[s=who.ka~n.o] [n=device.o] में कोई [x=fault] [है~x], ज़रा देख लीजिए।
[s=who.ke] पास [few] [state~n] [n=thing|clothing.p] [है~n]।
[n=device.o] को ठीक होने में [few] दिन लगेंगे।
[state~n] [n=thing|furniture.p] बेचकर [s=who.ne] [नया~m] [m=clothing.p] [ख़रीदा~m!]।
[q=room.o] की दीवार के पास एक [state~n] [n=thing|furniture] [रखा~n] [है~n]।
[s=who.ne] [n=thing] [m=furniture.o] से उठाकर [q=room.o] में रख [दिया~n!]।
[इतना~n] [size~n] [n=thing|furniture.p] [q=room.o] में कैसे [आ.fut~n]?
"""

FOOD = """
[d=dish] बहुत [taste~d] [है~d], थोड़ा और लीजिए।
[s=who.ne] मेहमानों के लिए [d=dish] और [e=dish] [बनाया~e!]।
क्या आप [d=drink] लेंगे या [e=drink]?
मुझे [d=drink] के साथ [e=dish] [खाना~e] पसंद है।
आज खाने में [d=dish], [e=dish] और [g=dish] हैं।
[taste~d] [d=dish] खाकर [s=other] [mood~s] हो [गया~s!]।
बाज़ार से [few] किलो [n=produce.p] और एक किलो [m=produce.p] ले आना।
आज [n=produce.p] [rupees] रुपये किलो बिक [रहा~n] [है~n]।
इस [d=dish.o] में नमक थोड़ा कम है।
[d=drink] में चीनी मत डालिए, मुझे फीकी चीज़ें अच्छी लगती हैं।
[s=elder.ko] [often] [taste~d] [d=drink] [अच्छा~d] [लगता~d] [है~d]।
[n=produce.p] और [m=produce.p] काटकर सलाद में डाल दीजिए।
[d=dish] बनाने से पहले [n=produce.po] को अच्छी तरह धो लीजिए।
रसोई से [taste~d.o] [d=dish.o] की ख़ुशबू आ रही है।
हमारे लिए [few] प्लेट [d=dish] और [few] गिलास [e=drink] ले आइए।
माँ के हाथ [का~d] [d=dish] सबसे [स्वादिष्ट~d] [होता~d] [है~d]।
[s=who.ne] [past] पहली बार [d=dish] और [e=drink] साथ [लिया~e!]।
"""

PLACES = """
[s=who] [past] [p=place.o] [near] [मिला~s] [था~s]।
[p=place] यहाँ से [few] किलोमीटर दूर [है~p]।
[p=place.o] के पास एक [tall~t] [t=building] [है~t]।
[p=office] सुबह [opening] बजे [खुलता~p] [है~p] और [part] को बंद हो [जाता~p] [है~p]।
माफ़ कीजिए, [p=place] किस तरफ़ [है~p]?
[p=place.o] तक जाने के लिए कौन सी बस पकड़नी होगी?
सीधे जाइए और [p=place.o] के बाद [direction] ओर मुड़ जाइए।
[s=who] [city] से [city] [v=vehicle.o] से जाना [चाहता~s] [है~s]।
[city] में [future] मौसम [sky] रहेगा।
[s=named] [city] [का~s] [रहने वाला~s] [है~s] और [subject] [पढ़ाता~s] [है~s]।
[city] [का~p] [p=street.p] [part] के समय भीड़ से [भरा~p] [रहता~p] [है~p]।
[p=place.o] [near] [number] लोग जमा हो गए।
[s=who.ka~v] [v=vehicle] [p=place.o] [near] ख़राब हो [गया~v!]।
[city] [अपना~t.po] [tall~t.po] [t=landmark.po] के लिए मशहूर है।
हम [season] की छुट्टियों में [city] घूमने जाएँगे।
[city] से [city] की दूरी लगभग [number] किलोमीटर है।
[s=who.ko] [p=place.o] जाने का रास्ता मालूम नहीं था।
[past] [p=place.o] में बहुत भीड़ थी।
[s=who.ka~q] [q=room] [bigness~q] और [साफ़ सुथरा~q] [है~q], इसलिए सबको पसंद [आया~q!]।
[s=who] [few] साल से [city] में रह [रहा~s] [है~s]।
[p=place.o] [near] गाड़ी खड़ी करना मना है।
"""

PEOPLE = """
[greeting], मेरा नाम [s=named] है और मैं [city] से बोल [रहा~s] हूँ।
[greeting] [s=named] जी, आप कैसे हैं?
यहाँ [का~w] [w=worker] बहुत [character~w] [है~w] और सबकी मदद [करता~w] [है~w]।
[s=named.ka~r] [r=child] पढ़ाई में बहुत [studious~r] [है~r]।
[s=elder] बहुत [character~s] [है~s], सब उनका आदर करते हैं।
[s=who] आज बहुत [mood~s] लग [रहा~s] [है~s]।
[few] [w=worker.p] [p=place.o] में काम [करता~w] [है~w]।
[s=man] एक [character~s] [w=manjob] है और [city] में [रहता~s] है।
[s=woman] एक [character~s] [w=womanjob] है और [city] में [रहता~s] है।
[s=named.ka~r] [r=child] [few] साल [का~r] [है~r] और [sport] [खेलता~r] [है~r]।
[s=named] [t=named.se] ज़्यादा [character~s] [है~s]।
[past] [s=named.ka~r] [r=child] [city] से [लौटा~r!]।
[s=other.ko] [t=named.ke] साथ [sport] खेलना अच्छा लगता है।
[w=worker.o] ने [s=who.ko] [p=place.o] का रास्ता दिखाया।
[s=other] [subject] में सबसे आगे [है~s], पर [subject] में थोड़ा पीछे।
[r=pupil.p] [p=place.o] [near] [sport] खेल [रहा~r] [है~r]।
[s=named.ke] जन्मदिन पर [t=who.ne] [fine~n] [n=thing] भेंट [किया~n!]।
[s=who.ke] घर पर [future] [e=event] [है~e], आप ज़रूर आइएगा।
पिछले [day] को [e=event.o] में [number] मेहमान आए थे।
[e=event] शाम [evening] बजे शुरू [हो.fut~e] और [twice] घंटे [चल.fut~e]।
[s=elder.ka~b] [b=body.o] में दर्द है, इसलिए वे [v=vehicle.o] से [जा.fut~s]।
डॉक्टर ने कहा कि यह दवा दिन में [twice] बार लेनी है।
[s=who.ka~b] [b=body] [since] दुख [रहा~b] [है~b]।
[yes], [s=who.ko] [w=worker.o] से बात करके बहुत अच्छा लगा।
[s=who.ne] [w=worker.o] से पूछा कि [e=event] कब शुरू [हो.fut~e]।
[s=elder.ka~r] [r=child] अब बहुत [बड़ा~r] हो [गया~r] [है~r]।
"""

SERVICE = """
यात्रीगण कृपया ध्यान दें, [city] से [city] जाने वाली गाड़ी प्लेटफ़ॉर्म नंबर [few] पर आ रही है।
[city] जाने वाली गाड़ी [clockat] प्लेटफ़ॉर्म नंबर [few] से रवाना होगी।
[city] एक्सप्रेस अपने निर्धारित समय से [teens] मिनट की देरी से चल रही है।
[city] की यात्रा में हुई असुविधा के लिए हमें खेद है।
अगला स्टेशन [city] है, दरवाज़े [direction] ओर खुलेंगे।
कृपया [अपना~n] [n=thing.o] का ध्यान रखें और [p=paper] तैयार रखें।
[city] की उड़ान के यात्री कृपया द्वार संख्या [teens] पर पहुँचें।
आपके खाते में [price] रुपये जमा कर दिए गए हैं।
[day] को आपके खाते से [price] रुपये निकाले गए हैं।
आपके खाते में शेष राशि [price] रुपये है।
आपका एक बार का पासवर्ड [digits] है, इसे किसी को न बताएँ।
आपके कार्ड के आख़िरी चार अंक [digits] हैं।
आपका फ़ोन नंबर [digits], [digits] लिख लिया गया है।
[few] दबाएँ, अगर आपको [p=paper.o] के बारे में जानना है।
हमारे सभी प्रतिनिधि व्यस्त हैं, कृपया [few] मिनट प्रतीक्षा करें।
[s=you.ka~p] [p=paper] [future] तैयार हो [जा.fut~p]।
[s=you.ka~p] [p=paper] अभी तक हमें नहीं [मिला~p] [है~p]।
[s=you.ka~n] [n=thing|device] [day] तक पहुँच [जा.fut~n]।
[p=paper.o] पर हस्ताक्षर करके [day] तक जमा कीजिए।
[p=form.o] में [s=who.ka~n] [n=detail] ठीक से लिखिए।
दफ़्तर सुबह [opening] बजे खुलता है और [day] को बंद रहता है।
आपकी मुलाक़ात [day] को [clockat] तय हुई है।
बैठक [day] की जगह अब [day] को [clockat] होगी।
कुल मिलाकर [rupees] रुपये हुए, आप नक़द देंगे या कार्ड से?
यह [n=thing|clothing] लेने पर आपको [number] रुपये की छूट मिलेगी।
मेरी शिकायत संख्या [digits] है, कृपया जाँच करके बताइए।
ब्याज की सालाना दर [few] प्रतिशत है और क़र्ज़ [teens] महीने का है।
[v=vehicle.o] का किराया [rupees] रुपये है और उसमें [few] लोग बैठ सकते हैं।
[s=named.ka~p] [p=paper] किस अधिकारी के पास [है~p]?
[p=paper] खो [गया~p] [है~p], दूसरी प्रति कैसे मिलेगी?
धन्यवाद [s=named] जी, आपका दिन शुभ हो और यात्रा मंगलमय हो।
[v=vehicle] [clockat] [p=place.o] से [छूटता~v] [है~v]।
[v=vehicle] आज [teens] मिनट देर से चल [रहा~v] [है~v]।
[day] की शाम की गाड़ी से [city] के [few] टिकट दे दीजिए।
[please] [few] नंबर खिड़की पर जाकर [p=paper] दिखाइए।
आपकी पुस्तक की अंतिम तिथि [date] [month] है, उसे समय पर लौटाइए।
"""

TIME_AND_NUMBERS = """
अब तो [clock] हैं, हमें जल्दी निकलना चाहिए।
आज [day] है और तारीख़ [date] [month] है।
[number] और [number] मिलाकर कितने होते हैं?
[s=who.ke] घर का नंबर [number] है और मंज़िल [ordinal] है।
इस कक्षा में [number] [r=pupil.p] [पढ़ता~r] [है~r]।
[e=event] [date] [month] को [p=place.o] में [हो.fut~e]।
घड़ी में [hour] बजकर [teens] मिनट हुए हैं।
[few] घंटे [teens] मिनट की यात्रा के बाद हम [city] पहुँचे।
दुकान [few] दिन बंद रहने के बाद [day] को खुलेगी।
इस किताब में [number] पन्ने और [teens] चित्र हैं।
[s=who.ne] एक दिन में [number] पन्ने पढ़ डाले।
इस [p=office.o] की स्थापना [number] साल पहले हुई थी।
[s=who.ke] दादाजी की उम्र [number] साल है और वे रोज़ टहलते हैं।
पिछले साल की तुलना में इस बार [number] प्रतिशत ज़्यादा बारिश हुई।
[number] में से [few] घटाने पर कितना बचता है?
[s=who.ne] [rupees] रुपये में [few] [n=produce|thing.p] [ख़रीदा~n!]।
"""

NATURE = """
[part] के समय [sight] बहुत सुंदर दिखता है।
[a=animal] [p=place.o] [near] [बैठा~a] [है~a]।
[few] [coat~a] [a=animal.p] [p=place.o] [near] दिखाई [दिया~a!]।
आज मौसम बहुत [sky] है, चलो बाहर घूमने चलें।
[city] में तापमान [degrees] डिग्री तक पहुँच गया है।
[side] दिशा से ठंडी हवा चल रही है और बादल घिर आए हैं।
अगले [few] दिनों में [city] और आसपास भारी वर्षा की संभावना है।
[season] के मौसम में [t=plant.p] और भी सुंदर [लगता~t] [है~t]।
[s=who.ne] [p=place.o] [near] एक [coat~a] [a=animal] [देखा~a!]।
एक [character~a] [a=animal] और एक [b=animal] अच्छे दोस्त थे।
बारिश के कारण [p=place.o] में पानी भर गया है।
एक [coat~a] [a=animal] [p=place.o] की ओर भाग [गया~a!]।
[s=who.ne] आँगन में [few] [t=plant.p] [लगाया~t!]।
[season] में [city] की हवा बहुत बदल जाती है।
"""

THOUGHTS = """
[i=idea] से ही [j=idea] [मिलता~j] [है~j]।
[s=who.ka~i] [i=idea] बहुत [quality~i] [है~i]।
[i=idea.o] के बिना [j=idea] [अधूरा~j] [रहता~j] [है~j]।
इस [w=work.o] के लिए [i=idea] बहुत ज़रूरी [है~i]।
[subject] [का~w] यह [w=work] मुझे [quality~w] [लगता~w] [है~w]।
[s=elder] [कहता~s] [था~s] कि जीवन में [i=idea] बहुत [ज़रूरी~i] [है~i]।
[i=idea] और [j=idea] दोनों मनुष्य के लिए ज़रूरी हैं।
[s=who.ne] सबके साथ [अपना~i] [i=story] [बाँटा~i!]।
यह [w=work] [few] दिन में [पूरा~w] हो [जा.fut~w]।
सबसे [quality~w] [w=work] पहले [करना~w] चाहिए।
[s=who.ko] [past] [w=work] समझ में नहीं [आया~w] [था~w]।
[w=worker.o] ने [i=idea.o] पर एक [quality] भाषण दिया।
यही [i=idea] [s=who.ko] आगे ले [जा.fut~i]।
[s=who.ka~w] [w=work] देखकर [t=elder.ne] [i=idea.o] की बात की।
"""

FRAMES = tuple(
    line
    for part in (DAILY, THINGS, FOOD, PLACES, PEOPLE, SERVICE, TIME_AND_NUMBERS, NATURE, THOUGHTS)
    for line in part.split("\n")
    if line
)

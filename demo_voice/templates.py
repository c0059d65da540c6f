"""Sentences of a voice assistant, composed from a small grammar written for this corpus.

WordNet's examples have few greetings, questions, times and numbers; these fill the gap.
"""

from __future__ import annotations

import random

TEMPLATES = (
    "{hello}, {ask_well}", "{hello}, thank you for calling.", "{hello}, my name is {name}.",
    "{hello} {name}, how can I help you today?", "Thank you {so_much}, {name}.",
    "Your {thing} will be ready {when}.", "Your {thing} is {state}.", "The {thing} is {state}.",
    "The {place} opens at {hour} {part}.", "The {place} closes at {hour} {part}.",
    "The {vehicle} leaves at {hour} {minute}.", "The {vehicle} to the {place} leaves {when}.",
    "It is {hour} {minute} in the {daypart}.", "We will meet at the {place} {when}.",
    "Please {request} {when}.", "Please {request} before you leave the {place}.",
    "Could you {request}, please?", "Would you like {food} or {food}?",
    "I would like {food} and {food}, please.", "Do you want me to {request}?",
    "I will {request} {when}.", "I am sorry, I did not understand that.",
    "The weather {when} will be {weather} and {weather}.", "It is {weather} outside today.",
    "There are {number} {things} in the {place}.", "You have {number} new {messages}.",
    "The total is {number} dollars and {number} cents.", "Turn {side} at the {place}.",
    "Walk {number} meters and turn {side} at the {place}.", "My favorite color is {color}.",
    "The {color} {thing} is on the {furniture}.", "She put the {color} {thing} on the {furniture}.",
    "He left his {thing} at the {place} {past}.", "We saw {number} {things} near the {place} {past}.",
    "Where is the {place}?", "How far is it to the {place}?", "What time does the {place} open?",
    "When does the {vehicle} arrive at the {place}?", "Can you tell me where my {thing} is?",
    "I have lost my {color} {thing}.", "{name} went to the {place} {past}.",
    "{name} will be at the {place} {when}.", "{name} and {name} bought {food} at the {place}.",
    "{number} plus {number} is {number}.", "The appointment is on {weekday} at {hour} {part}.",
    "On {weekday} the {place} is closed.", "See you on {weekday} {daypart}.",
    "{good_day}, and have a nice {daypart}.", "{okay}, I will {request} for you.",
    "{okay}, let me check that for you.", "I think the {thing} is too {size} for the {furniture}.",
    "The {thing} costs {number} dollars.", "Is the {thing} {size} enough?",
    "This {thing} is much {bigger} than the other one.", "Remember to {request} on {weekday}.",
)

_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()

SLOTS: dict[str, tuple[str, ...]] = {
    "hello": ("Hello", "Hi", "Good morning", "Good afternoon", "Good evening", "Hello there"),
    "ask_well": ("how are you today?", "how are you?", "nice to meet you.", "welcome back.",
                 "it is good to hear from you.", "what can I do for you?"),
    "so_much": ("so much", "very much", "for waiting", "for your help", "for your patience"),
    "name": ("Anna", "Peter", "Maria", "David", "Laura", "Tom", "Emma", "Jack", "Sarah", "Daniel",
             "Julia", "Robert", "Helen", "Oscar", "Lucy", "Martin"),
    "thing": ("order", "package", "ticket", "book", "phone", "bag", "computer", "umbrella", "coat",
              "letter", "key", "camera", "lamp", "bicycle", "jacket", "bottle", "picture", "report"),
    "things": ("books", "chairs", "people", "cars", "birds", "trees", "boxes", "bottles", "dogs",
               "houses", "windows", "tables", "flowers", "horses"),
    "messages": ("messages", "letters", "friends", "pictures", "songs", "visitors"),
    "state": ("ready", "on its way", "not here yet", "almost finished", "on the table",
              "waiting for you", "too heavy", "in the office", "being repaired", "brand new"),
    "when": ("tomorrow", "this afternoon", "in a few minutes", "next week", "tonight", "at noon",
             "later today", "on {weekday}", "in {number} days", "in an hour", "this evening"),
    "past": ("yesterday", "last night", "an hour ago", "last week", "this morning",
             "on {weekday}", "{number} days ago"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "daypart": ("morning", "afternoon", "evening"),
    "part": ("in the morning", "in the afternoon", "in the evening", "sharp", "every day"),
    "hour": tuple(_NUMBERS[:12]),
    "minute": ("fifteen", "thirty", "forty five", "ten", "twenty", "twenty five", "fifty"),
    "number": (*_NUMBERS, *(f"{ten} {one}" for ten in _TENS[::2] for one in _NUMBERS[:9:2]),
               "one hundred", "two hundred", "five hundred", "one thousand"),
    "place": ("station", "library", "bakery", "park", "office", "airport", "museum", "market",
              "school", "hotel", "garden", "bank", "bridge", "theater", "restaurant", "post office",
              "river", "corner", "kitchen", "beach"),
    "vehicle": ("train", "bus", "boat", "plane", "ferry", "tram"),
    "request": ("open the window", "close the door", "call me back", "send me a message",
                "wait a moment", "read the next chapter", "turn on the light", "play some music",
                "set a timer for {number} minutes", "book a table for {hour} people",
                "water the flowers", "buy some {food}", "clean the {furniture}", "bring your {thing}",
                "write down the address", "say that again", "check the {thing}", "lock the front door"),
    "food": ("coffee", "tea", "bread", "apples", "cheese", "soup", "rice", "orange juice", "fish",
             "a sandwich", "ice cream", "potatoes", "tomatoes", "honey", "a glass of water"),
    "weather": ("sunny", "cloudy", "warm", "cold", "windy", "rainy", "dry", "mild", "foggy"),
    "side": ("left", "right"),
    "color": ("red", "blue", "green", "yellow", "brown", "gray", "purple", "orange", "golden"),
    "furniture": ("table", "chair", "shelf", "desk", "sofa", "floor", "cupboard"),
    "size": ("small", "big", "long", "short", "wide", "heavy", "light"),
    "bigger": ("bigger", "smaller", "cheaper", "better", "lighter", "newer", "older"),
    "good_day": ("Goodbye", "Thank you", "Take care", "You are welcome"),
    "okay": ("Okay", "Sure", "Of course", "All right", "Certainly", "No problem"),
}


def expand(template: str, rng: random.Random) -> str:
    """The template with every slot, and the slots inside its fillers, filled at random."""
    while "{" in template:
        start, end = template.index("{"), template.index("}")
        template = (
            template[:start] + rng.choice(SLOTS[template[start + 1 : end]]) + template[end + 1 :]
        )
    return template[0].upper() + template[1:]


def compose(count: int, seed: int = 0) -> list[str]:
    """Up to ``count`` different sentences, the templates in turn."""
    rng = random.Random(seed)
    sentences: dict[str, None] = {}
    for turn in range(4 * count):
        if len(sentences) >= count:
            break
        sentences.setdefault(expand(TEMPLATES[turn % len(TEMPLATES)], rng))
    return list(sentences)

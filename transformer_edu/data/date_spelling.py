"""Write a day as people write it: the grammar of the date task, all of it.

Quotes hold what is written, | separates choices:

    spelling  = named | numeric, and then: as it is | all lower case | ALL UPPER CASE
    named     = [Weekday ", " | Wkd " "] body
    body      = day " " month " " year            3 May 2019
              | nth " " month " " year            3rd May 2019
              | "the " nth " of " month ", " year the 3rd of May, 2019
              | "the " word " of " month ", " year the third of May, 2019
              | word " of " month " " year        third of May 2019
              | month " " day ", " year           May 3, 2019
              | month " " nth " " year            May 3rd 2019
              | month " the " word ", " year      May the third, 2019
              | year " " month " " day            2019 May 3
    month     = September | Sep | Sep.            (May has no dot)
    year      = 2019 | '19
    numeric   = 2019/05/03 | 2019/5/3             year first: always with four digits
              | 23/05/2019 | 23/5/19 | …          day, month, year
              | 05/23/2019 | 5/23/19 | …          month, day, year
                                                  each with / or . or - between the numbers

Day before month or month before day can be told apart only if the day is above 12, so other days are written in numbers
with the year first alone. Years run from 1950 to 2049, so that '19 names one year. A weekday is always the right one
and never needed. One spelling in five is numeric.
"""

from datetime import date

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
TEENS = (
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth"),
    *("sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"),
)
WORDS = (*UNITS, *TEENS, *(f"twenty-{unit}" for unit in UNITS), "thirtieth", "thirty-first")
BODIES = (
    "{day} {month} {year}",
    "{nth} {month} {year}",
    "the {nth} of {month}, {year}",
    "the {word} of {month}, {year}",
    "{word} of {month} {year}",
    "{month} {day}, {year}",
    "{month} {nth} {year}",
    "{month} the {word}, {year}",
    "{year} {month} {day}",
)


def spell(day: date, number: int) -> str:
    """Write a day in the spelling with this number: every number gives one, and all come round again and again."""
    dice = _Dice(number)
    body = dice.pick(_named, _named, _numeric, _named, _named)
    text = body(day, dice)
    return dice.pick(text, text.lower(), text.upper())


class _Dice:
    """Spend a number on one choice after the other."""

    def __init__(self, number: int):
        self.number = number

    def pick(self, *choices):
        self.number, index = divmod(self.number, len(choices))
        return choices[index]


def _named(day: date, dice: _Dice) -> str:
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    short = month[:3] if month == "May" else f"{month[:3]}."
    end = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in (11, 12, 13) else 0, "th")
    body = dice.pick(*BODIES).format(
        day=day.day,
        nth=f"{day.day}{end}",
        word=WORDS[day.day - 1],
        month=dice.pick(month, month[:3], short),
        year=dice.pick(str(day.year), f"'{day.year % 100:02}"),
    )
    return dice.pick("", f"{weekday}, ", f"{weekday[:3]} ") + body


def _numeric(day: date, dice: _Dice) -> str:
    long = dice.pick("padded", "bare") == "padded"
    month, number = (f"{part:02}" if long else str(part) for part in (day.month, day.day))
    orders = ("year", "day", "month") if day.day > 12 else ("year",)
    order, mark = dice.pick(*orders), dice.pick("/", ".", "-")
    year = dice.pick(str(day.year), f"{day.year % 100:02}")
    parts = {"year": (str(day.year), month, number), "day": (number, month, year), "month": (month, number, year)}
    return mark.join(parts[order])

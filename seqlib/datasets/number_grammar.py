r"""Numbers in words with the meaning of each word: the grammar that gives `seqlib.datasets.numbers` its alignment.

A whole number is a sum of terms, one for each digit that is not zero, and each term is a product of the digit and tens:

.. math:: 342 = 3 \times 10 \times 10 + 4 \times 10 + 2

These factors are the **parts** of a number: 342 has three digits and three tens, six parts. A word **denotes** some of
them: *three* the digit, *hundred* its two tens, *forty* the digit 4 and its ten. The tens of one term are told apart,
because languages group them differently: 300,000 is *three hundred thousand* in English, 3 × 10² × 10³, and 三十万
in Japanese, 3 × 10 × 10⁴. They are counted from the outside: *thousand* denotes the outer three tens of every term from
1,000 on, and 万 the outer four of every term from 10,000 on. So *thousand* and 万 share parts, and *hundred* shares one
with 十 and one with 万.
"""

PLACES = 6  # digits of the longest numbers
NONE = 0  # the parts of a word such as "and"


def spell(number, language):
    """Spell a whole number, and say of each piece of the text which parts of the number it denotes.

    A **piece** is a word or what a compound is made of, as *sieben*, *und* and *zwanzig* make up *siebenundzwanzig*.
    *And*, *et*, *und*, *en* and *و* denote nothing, nor does a space. A word that leaves the digit 1 unsaid denotes it
    as well: *mille* is *one thousand*. Where a language adds up twenties and teens, each word denotes the parts whose
    value it helps to make up: in *quatre-vingt-treize*, 93 = 4 × 20 + 13, *quatre* denotes the digit 9, *vingt* the
    digit and its ten, *treize* both of these and the digit 3. Zero has one part, its digit.

    Args:
        number: 0 to 999,999.
        language: a key of `LANGUAGES`: `"en"`, or one of those that `seqlib.datasets.numbers.load` describes.

    Returns:
        A list of pairs `(text, parts)`: a string, and a whole number with one bit for each part, as in `parts_of`. The
        texts make up what num2words writes, in small letters, with a space for a hyphen and commas left out; each
        space is a pair of its own.

    Raises:
        ValueError: where `number` or `language` is none of these.

    Source: the grammars of the languages, as num2words 0.5.14 has them, its habits included: German 101,000 is
    *einhunderteinstausend* there. Taught in chapter 7.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    present = parts_of(number)
    return [(text, parts & present) for text, parts in LANGUAGES[language](int(number))]


def parts_of(number):
    """Give all parts of a number, as a whole number with one bit for each: its digits other than 0, with their tens.

    Args:
        number: 0 to 999,999.

    Returns:
        A whole number of 21 bits. The digit at place p, counted from 0 at the right, has bit p (p + 1) / 2; the p bits
        above are its tens, the outermost first.

    Raises:
        ValueError: where `number` is not one of these.

    Taught in chapter 7.
    """
    if number not in range(10**PLACES):
        raise ValueError(f"number: expected a whole number from 0 to {10**PLACES - 1:,}, got {number!r}")
    return _amount(int(number), 0)


def _digit(place):
    return 1 << place * (place + 1) // 2


def _tens(places, low, high):
    """Tens number `low` to `high - 1`, counted from the outside, of the terms at some places."""
    return sum(_digit(place) << 1 + ten for place in places for ten in range(low, high))


def _amount(value, base):
    """Give what a word for `value` denotes within a group that is counted in units of ten to the `base`."""
    digits = {base + place: digit for place, digit in enumerate(reversed(str(value))) if digit != "0"} or {base: "0"}
    return sum(_digit(place) | _tens([place], base, place) for place in digits)


THOUSAND = _tens(range(3, PLACES), 0, 3)
MYRIAD = _tens(range(4, PLACES), 0, 4)


def _hundred(base):
    """Give what *hundred* denotes: the two tens that a group's third digit has within the group."""
    return _tens([base + 2], base, base + 2)


def _spaced(pieces):
    """Put a space between the pieces."""
    return [piece for word in pieces for piece in ((" ", NONE), word)][1:]


def _thousands(number):
    """Give the number's two groups as pairs of a count and a base, those that are 0 left out unless all are."""
    groups = [(number // 1000, 3), (number % 1000, 0)]
    return [group for group in groups if group[0]] or groups[1:]


EN = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen""".split()
EN_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def _english(number):
    words = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        if hundreds:
            words += [(EN[hundreds], _digit(base + 2)), ("hundred", _hundred(base))]
        if words and rest and (hundreds or not base):
            words.append(("and", NONE))
        if rest >= 20:
            words.append((EN_TENS[rest // 10], _amount(rest // 10 * 10, base)))
            rest %= 10
        if rest or not number:
            words.append((EN[rest], _amount(rest, base)))
        if base:
            words.append(("thousand", THOUSAND))
    return _spaced(words)


FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()
FR_TENS = "- - vingt trente quarante cinquante soixante".split()


def _french(number):
    words = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        if hundreds > 1:
            plural = "s" if not rest and not base else ""
            words += [(FR[hundreds], _digit(base + 2)), ("cent" + plural, _hundred(base))]
        elif hundreds:
            words.append(("cent", _amount(100, base)))
        if (rest or not number) and (count, base) != (1, 3):
            words += _french_below_hundred(rest, base)
        if base:
            words.append(("mille", THOUSAND | (_digit(3) if count == 1 else NONE)))
    return _spaced(words)


def _french_below_hundred(count, base):
    if count < 17:
        return [(FR[count], _amount(count, base))]
    if count < 20:
        return [("dix", _amount(10, base)), (FR[count - 10], _digit(base))]
    if count < 80:
        tens = min(count // 10, 6)
        words, rest = [(FR_TENS[tens], _amount(10 * tens, base))], count - 10 * tens
        words += [("et", NONE)] if rest in (1, 11) else []
    else:
        rest = count - 80
        plural = "s" if not rest and not base else ""
        words = [("quatre", _digit(base + 1)), ("vingt" + plural, _amount(20, base))]
    return words + (_french_below_hundred(rest, base) if rest else [])


DE = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
DE_STEMS = "- - zwan drei vier fünf sech sieb acht neun".split()


def _german(number):
    pieces = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        tens, units = divmod(rest, 10)
        if hundreds:
            pieces += [(DE[hundreds], _digit(base + 2)), ("hundert", _hundred(base))]
        if rest < 13:
            word = "eins" if rest == 1 and (not base or hundreds) else DE[rest]
            pieces += [(word, _amount(rest, base))] if rest or not number else []
        elif rest < 20:
            pieces += [(DE_STEMS[units], _digit(base)), ("zehn", _amount(10, base))]
        else:
            pieces += [(DE[units], _digit(base)), ("und", NONE)] if units else []
            pieces.append((DE_STEMS[tens] + ("ßig" if tens == 3 else "zig"), _amount(10 * tens, base)))
        if base:
            pieces.append(("tausend", THOUSAND))
    return pieces


NL = "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf".split()
NL_STEMS = "- - twin der veer vijf zes zeven tach negen".split()


def _dutch(number):
    pieces = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        tens, units = divmod(rest, 10)
        if hundreds > 1:
            pieces += [(NL[hundreds], _digit(base + 2)), ("honderd", _hundred(base))]
        elif hundreds:
            pieces.append(("honderd", _amount(100, base)))
        if rest < 13:
            pieces += [(NL[rest], _amount(rest, base))] if (rest or not number) and (count, base) != (1, 3) else []
        elif rest < 20:
            pieces += [("acht" if units == 8 else NL_STEMS[units], _digit(base)), ("tien", _amount(10, base))]
        else:
            unit, link = "een" if units == 1 else NL[units], "ën" if units in (2, 3) else "en"
            pieces += [(unit, _digit(base)), (link, NONE)] if units else []
            pieces.append((NL_STEMS[tens] + "tig", _amount(10 * tens, base)))
        if base:
            pieces.append(("duizend", THOUSAND | (_digit(3) if count == 1 else NONE)))
    return pieces


FA = "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده".split()
FA_TENS = "- - بیست سی چهل پنجاه شصت هفتاد هشتاد نود".split()
FA_HUNDREDS = "- صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد".split()


def _persian(number):
    words = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        terms = [(FA_HUNDREDS[hundreds], _amount(100 * hundreds, base))] if hundreds else []
        if rest >= 20:
            terms.append((FA_TENS[rest // 10], _amount(rest // 10 * 10, base)))
            rest %= 10
        if (rest or not number) and (count, base) != (1, 3):
            terms.append((FA[rest], _amount(rest, base)))
        for term in terms:
            words += [("و", NONE), term] if words else [term]
        if base:
            words.append(("هزار", THOUSAND | (_digit(3) if count == 1 else NONE)))
    return _spaced(words)


RU = """ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать
    пятнадцать шестнадцать семнадцать восемнадцать девятнадцать""".split()
RU_TENS = "- - двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split()
RU_HUNDREDS = "- сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split()
RU_THOUSANDS = {1: "тысяча", 2: "тысячи", 3: "тысячи", 4: "тысячи"}


def _russian(number):
    words = []
    for count, base in _thousands(number):
        hundreds, rest = divmod(count, 100)
        if hundreds:
            words.append((RU_HUNDREDS[hundreds], _amount(100 * hundreds, base)))
        if rest >= 20:
            words.append((RU_TENS[rest // 10], _amount(rest // 10 * 10, base)))
            rest %= 10
        if rest or not number:
            feminine = {1: "одна", 2: "две"} if base else {}
            words.append((feminine.get(rest, RU[rest]), _amount(rest, base)))
        if base:
            words.append((RU_THOUSANDS.get(rest, "тысяч"), THOUSAND))
    return _spaced(words)


BN = """
    শূন্য এক দুই তিন চার পাঁচ ছয় সাত আট নয় দশ এগারো বারো তেরো চৌদ্দ পনের ষোল সতের আঠারো উনিশ বিশ একুশ বাইশ
    তেইশ চব্বিশ পঁচিশ ছাব্বিশ সাতাশ আটাশ উনত্রিশ ত্রিশ একত্রিশ বত্রিশ তেত্রিশ চৌত্রিশ পঁইত্রিশ ছত্রিশ সাতত্রিশ
    আটত্রিশ উনচল্লিশ চল্লিশ একচল্লিশ বিয়াল্লিশ তেতাল্লিশ চৌচল্লিশ পঁয়তাল্লিশ ছেচল্লিশ সাতচল্লিশ আটচল্লিশ
    উনপঞ্চাশ পঞ্চাশ একান্ন বাহান্ন তিপ্পান্ন চুয়ান্ন পঞ্চান্ন ছাপ্পান্ন সাতান্ন আটান্ন উনষাট ষাট একষট্টি
    বাষট্টি তেষট্টি চৌষট্টি পঁয়ষট্টি ছিষট্টি সাতষট্টি আটষট্টি উনসত্তর সত্তর একাত্তর বাহাত্তর তিয়াত্তর
    চুয়াত্তর পঁচাত্তর ছিয়াত্তর সাতাত্তর আটাত্তর উনআশি আশি একাশি বিরাশি তিরাশি চুরাশি পঁচাশি ছিয়াশি সাতাশি
    আটাশি উননব্বই নব্বই একানব্বই বিরানব্বই তিরানব্বই চুরানব্বই পঁচানব্বই ছিয়ানব্বই সাতানব্বই আটানব্বই নিরানব্বই
""".split()


def _bengali(number):
    lakhs, thousands, hundreds, rest = number // 100_000, number // 1000 % 100, number // 100 % 10, number % 100
    words = []
    if lakhs:
        words += [(BN[lakhs], _digit(5)), (" ", NONE), ("লাখ", _tens([5], 0, 5)), (" ", NONE)]
    if thousands:
        words += [(BN[thousands], _amount(thousands, 3)), (" ", NONE), ("হাজার", THOUSAND & ~_tens([5], 0, 5))]
        words.append((" ", NONE))
    if hundreds:
        words += [(BN[hundreds], _digit(2)), ("শত", _hundred(0)), (" ", NONE)]
    if rest or not number:
        words += [(BN[rest], _amount(rest, 0)), (" ", NONE)]
    return words[:-1]


TH = "ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า".split()
TH_PLACES = "- สิบ ร้อย พัน หมื่น แสน".split()


def _thai(number):
    pieces = []
    for place in reversed(range(PLACES)):
        digit = number // 10**place % 10
        word = {(2, 1): "ยี่", (1, 0): "เอ็ด" if number > 9 else TH[1]}.get((digit, place), TH[digit])
        if (digit, place) == (1, 1):
            pieces.append((TH_PLACES[1], _amount(10, 0)))
        elif digit or not number and not place:
            pieces.append((word, _digit(place)))
            pieces += [(TH_PLACES[place], _tens([place], 0, place))] if place else []
    return pieces


JA, JA_PLACES, JA_MYRIAD = "零一二三四五六七八九", "-十百千", "万"
KO, KO_PLACES, KO_MYRIAD = "영일이삼사오육칠팔구", "-십백천", "만"


def _below_myriad(count, base, digits, places):
    """Spell in Japanese or Korean, which leave a 1 before ten, hundred and thousand unsaid."""
    pieces = []
    for place in reversed(range(4)):
        digit = count // 10**place % 10
        if digit > 1 or digit and not place:
            pieces.append((digits[digit], _digit(base + place)))
        if digit and place:
            unsaid = _digit(base + place) if digit == 1 else NONE
            pieces.append((places[place], _tens([base + place], base, base + place) | unsaid))
    return pieces


def _japanese(number):
    myriads, rest = divmod(number, 10_000)
    pieces = [*_below_myriad(myriads, 4, JA, JA_PLACES), (JA_MYRIAD, MYRIAD)] if myriads else []
    return pieces + _below_myriad(rest, 0, JA, JA_PLACES) if number else [(JA[0], _digit(0))]


def _korean(number):
    myriads, rest = divmod(number, 10_000)
    if not number:
        return [(KO[0], _digit(0))]
    pieces = _below_myriad(myriads, 4, KO, KO_PLACES) if myriads > 1 else []
    pieces += [(KO_MYRIAD, MYRIAD | (_digit(4) if myriads == 1 else NONE))] if myriads else []
    pieces += [(" ", NONE)] if myriads and rest else []
    return pieces + _below_myriad(rest, 0, KO, KO_PLACES)


LANGUAGES = {
    "en": _english,
    "fr": _french,
    "ru": _russian,
    "fa": _persian,
    "bn": _bengali,
    "de": _german,
    "nl": _dutch,
    "ja": _japanese,
    "ko": _korean,
    "th": _thai,
}

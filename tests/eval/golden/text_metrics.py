"""Expected values of cider_test.cpp and answers_test.cpp, straight from the formulas.

Needs Python 3 alone; it prints what stands in the tests as literals:
    /usr/bin/python3 tests/eval/golden/text_metrics.py
Captions hold plain words in lower case here, so splitting at spaces is all the tokenisation.
"""
import itertools
import math
import re

PICTURES = [  # candidate, references
    ("a cat sits on the mat", ["a cat sits on the mat"]),
    ("a dog runs over the grass",
     ["a brown dog runs over the green grass", "the dog is running", "a dog on grass"]),
    ("dog dog dog dog dog", ["the dog chases a dog", "two dogs play"]),
    ("the dog chases a dog", ["dog dog dog dog dog", "dog dog"]),
    ("a red bus stops at the station and waits there for a long long time in the rain",
     ["a red bus stops at the station"]),
    ("a red bus", ["a red bus", "a bus that is red"]),
    ("", ["a man rides a horse"]),
    ("a man rides a horse", ["", "a man rides a horse on a beach"]),
    ("nothing of this was ever seen", ["people walk along a street"]),
]
TWINS = [("one two three four", ["one two three four"]),
         ("five six seven eight nine", ["five six seven eight nine"])]
SHORT = [("one two three", ["one two three"]), ("five six", ["five six"])]


def ngrams(caption, n):
    words = caption.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def cider_d(pictures):
    def idf(gram):
        having = sum(any(gram in ngrams(r, len(gram)) for r in references) for _, references in pictures)
        return math.log(len(pictures) / max(1, having))

    def weights(caption, n):
        grams = ngrams(caption, n)
        return {gram: grams.count(gram) * idf(gram) for gram in grams}

    def pair(candidate, reference, n):
        h, r = weights(candidate, n), weights(reference, n)
        size = math.hypot(*h.values()) * math.hypot(*r.values())
        if size == 0:
            return 0.0
        gap = len(ngrams(candidate, 2)) - len(ngrams(reference, 2))
        product = math.fsum(min(h[g], r[g]) * r[g] for g in h.keys() & r.keys())
        return product / size * math.exp(-(gap**2) / 72)

    return [
        10 * math.fsum(pair(candidate, r, n) for r in references for n in (1, 2, 3, 4)) / 4 / len(references)
        for candidate, references in pictures
    ]


ANSWERS = [  # The contraction table is tested by examples, not repeated here.
    "Yes", " Yes.\n", "a\tcat", "The Cat and AN owl", "two", "None", "ten dogs", "1,000", "1,000-2,000 [kg]",
    "red, white",
    "red,white", "on-off", "on-off - both", "black/white", "black / white", "3.", "3.5", ".5", "3 .",
    "u.s.a.", "p.m.",
    "10:30", "what?!", "(a) b", "the", "", "." * 40, "don't", "na\u00efve \u00c9",
]


def normal(answer):
    """By patterns over the whole text: marks go or become spaces, then periods, then words."""
    text = re.sub(r"[\n\t]", " ", answer).strip()
    numbers = re.search(r"[0-9],[0-9]", text)

    def replaced(found):
        mark = re.escape(found[0])
        return "" if numbers or re.search(f"{mark} | {mark}", text) else " "

    bare = re.sub(r"""[][;/"{}()=+\\_><@`,?!-]""", replaced, text)
    bare = re.sub(r"\.(?![0-9])", "", bare, count=32)
    names = "zero one two three four five six seven eight nine ten".split()
    digits = dict(zip(names, map(str, range(11))), none="0")
    lower = "".join(c.lower() if c.isascii() else c for c in bare).split()
    return " ".join(digits.get(word, word) for word in lower if word not in ("a", "an", "the"))


def accuracy(same, n):
    """By leaving each annotator out in turn."""
    votes = [i < same for i in range(n)]
    needed = min(3, n - 1)
    return sum(min(1, sum(others) / needed) for others in itertools.combinations(votes, n - 1)) / n


def main():
    for name in ["PICTURES", "TWINS", "SHORT"]:
        print(name.lower())
        for picture, score in zip(globals()[name], cider_d(globals()[name])):
            print(f"  {score!r:22} {picture[0]!r}")
    print("lone picture", cider_d(PICTURES[:1]))
    print("normal forms")
    for answer in ANSWERS:
        print(f"  {answer!r} -> {normal(answer)!r}")
    for n in (2, 3, 4, 10):
        print(f"accuracy of {n}:", [round(accuracy(same, n), 12) for same in range(n + 1)])


main()

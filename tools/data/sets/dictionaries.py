"""gcide, wordnet, foldoc: definitions, one document a headword; a word stands on the same side in all three."""
import gzip
import re

from lib.sample import Job, Sample, squeeze, text

RECIPE = 1
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
FROM_WORDNET = re.compile(r"(?:^|\n[ \t]*\n)(?:(?!\n[ \t]*\n).)*\[WordNet[^\]]*\]", re.S)   # a paragraph that says so


def build(job: Job) -> list[Sample]:
    """By the set's name."""
    entries = wordnet(job) if job.name == "wordnet" else dictd(job)
    samples, seen = [], set()
    for word, definition in entries:
        if len(definition.split()) >= 6 and definition not in seen:
            seen.add(definition)
            samples.append(text(f"{job.name}-{len(samples):06d}", "word/" + squeeze(word.lower()), job.name, definition))
    return samples


def wordnet(job: Job):
    """(first word, "words: gloss; examples") of each synset."""
    for part in ("noun", "verb", "adj", "adv"):
        file = job.root("wordnet-base") / f"usr/share/wordnet/data.{part}"
        for line in file.read_text(encoding="latin-1").splitlines():
            synset, bar, gloss = line.partition("|")
            if bar and not line.startswith(" "):
                fields = synset.split()
                words = [fields[4 + 2 * i].partition("(")[0].replace("_", " ") for i in range(int(fields[3], 16))]
                yield words[0], f"{', '.join(words)}: {gloss.strip()}"


def dictd(job: Job):
    """(headword, article) of a dictd dictionary; articles that several words point to come once."""
    package = f"dict-{job.name}"
    folder = job.root(package) / "usr/share/dictd"
    articles = gzip.decompress((folder / f"{job.name}.dict.dz").read_bytes())
    seen = set()
    for line in (folder / f"{job.name}.index").read_text(errors="replace").splitlines():
        fields = line.split("\t")
        if len(fields) < 3 or fields[0].startswith("00") or (fields[1], fields[2]) in seen:
            continue
        seen.add((fields[1], fields[2]))
        start, length = decode_number(fields[1]), decode_number(fields[2])
        yield fields[0], clean(articles[start:start + length].decode(errors="replace"))


def decode_number(digits: str) -> int:
    """dictd writes numbers in base 64."""
    value = 0
    for digit in digits:
        value = value * 64 + DIGITS.index(digit)
    return value


def clean(article: str) -> str:
    """Without marks of origin, and without what GCIDE took from WordNet: the set wordnet has that."""
    article = FROM_WORDNET.sub("", article)
    article = re.sub(r"\[(1913 Webster|PJC|Century Dict[^\]]*|Webster[^\]]*)\]|[{}]", "", article)
    article = re.sub(r"\n\s*\n\s*", "\n", article)
    article = re.sub(r"(?<!\n)\n[ \t]+", " ", article)
    return re.sub(r"[ \t]+", " ", article).strip()

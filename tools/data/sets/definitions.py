"""definitions: what words mean, as conversations without pictures; made of wordnet, on the side on which a word stands there."""
import json
import random
import re

from lib.sample import Job, Sample, as_json, count_words
from lib.splits import SIDES

RECIPE = 1
ASKS = ('What does "{}" mean?', 'What is meant by "{}"?', 'Define "{}" in a few words.', 'Explain the word "{}".')
MOST_WORDS = 40   # of an answer
EXAMPLE = re.compile(r';\s*"([^"]+)"')   # what WordNet adds to a gloss


def build(job: Job) -> list[Sample]:
    """One conversation a synset; where it has an example, that is asked for, too."""
    samples = []
    for side in SIDES:
        for shard in sorted((job.out / "wordnet" / side).glob("*.jsonl")):
            for line in shard.read_text().splitlines():
                record = json.loads(line)
                turns = converse(record["text"], record["id"])
                if turns:
                    samples.append(conversation(record["id"].replace("wordnet", "definition"), side, turns))
    return samples


def converse(text: str, name: str) -> list[tuple[str, str]]:
    """Questions and answers about "words: gloss; examples"; none where the gloss does not suit."""
    words, colon, gloss = text.partition(": ")
    word = words.split(", ")[0]
    meaning = EXAMPLE.sub("", gloss).strip().rstrip(";")
    if not colon or not meaning or '"' in meaning or len(meaning.split()) > MOST_WORDS:
        return []
    turns = [(random.Random(name).choice(ASKS).format(word), meaning)]   # the same in every build
    example = next((found for found in EXAMPLE.findall(gloss) if word.lower() in found.lower()), "")
    if example:
        turns.append((f'Use "{word}" in an example.', example))
    return turns


def conversation(key: str, side: str, turns: list[tuple[str, str]]) -> Sample:
    """A line of LLaVA's JSON."""
    said = [{"from": speaker, "value": text} for turn in turns for speaker, text in zip(("human", "gpt"), turn)]
    record = {"id": key, "source": "wordnet", "conversations": said}
    words = count_words(*(text for turn in turns for text in turn))
    return Sample(key, key, {"jsonl": as_json(record)}, words, side)

"""few-shot: episodes of emoji that are held out everywhere, called by their own or by invented names."""
import json
import random

from lib import emoji
from lib.sample import Job, Sample, as_json, count_words
from lib.shards import read_tar

RECIPE = 1
INVENTED = "dax blicket toma wug fep zorb nalk kiv mip gazzer tupa lorp".split()
SHAPES = ((2, 1), (2, 3), (5, 1), (5, 3))   # ways, shots
EPISODES = 250                              # of each shape, with known and with invented names
GROUPS = {3, 4, 5, 6, 7}                    # animals and nature .. objects: things that one can name


def build(job: Job) -> list[Sample]:
    """The query is drawn in a style that the support of its emoji does not show."""
    known = emoji.read_emojibase(job.root("emojibase-data"))
    drawn: dict[str, dict[str, tuple[str, bytes]]] = {}   # hexcode -> style -> picture
    for shard in sorted((job.out / "emoji" / "heldout").glob("*.tar")):
        for _, members in read_tar(shard):
            about = json.loads(members["json"])
            if known[about["hexcode"]]["group"] in GROUPS and not known[about["hexcode"]]["tone"]:
                kind = next(suffix for suffix in members if suffix in ("png", "jpg"))
                drawn.setdefault(about["hexcode"], {})[about["style"]] = (kind, members[kind])
    rich = sorted(code for code, styles in drawn.items() if len(styles) >= 4)
    labels = {code: known[code]["label"] for code in rich}
    return [episode(kind, ways, shots, number, drawn, labels)
            for kind in ("known", "novel") for ways, shots in SHAPES for number in range(EPISODES)]


def episode(kind: str, ways: int, shots: int, number: int, drawn: dict, labels: dict[str, str]) -> Sample:
    """`shots` pictures of each of `ways` emoji with their names, then one more to be named."""
    task = f"emoji-{kind}-{ways}way-{shots}shot"
    key = f"{task}-{number:03d}"
    rng = random.Random(key)
    codes = rng.sample(sorted(labels), ways)
    names = [labels[code] for code in codes] if kind == "known" else rng.sample(INVENTED, ways)
    shown, queries = [], []
    for code, name in zip(codes, names):
        styles = rng.sample(sorted(drawn[code]), shots + 1)
        shown += [(drawn[code][style], name) for style in styles[:shots]]
        queries.append((drawn[code][styles[shots]], name))
    rng.shuffle(shown)
    query, answer = rng.choice(queries)
    pictures = [picture for picture, _ in shown] + [query]
    members = {f"{i}.{suffix}": data for i, (suffix, data) in enumerate(pictures)}
    support = [{"image": f"{i}.{picture[0]}", "text": f"This is a {name}."} for i, (picture, name) in enumerate(shown)]
    record = {"task": task, "type": kind, "support": support, "query": {"image": f"{len(shown)}.{query[0]}"},
              "question": "What is this?", "answer": answer, "choices": names, "source": "emoji"}
    words = count_words(*(one["text"] for one in support), record["question"], answer)
    return Sample(key, "few-shot/" + key, {**members, "json": as_json(record)}, words)

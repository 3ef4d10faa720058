"""manuals-text, manuals-text-more: the sections of built manuals that have no pictures."""
import json

from lib.run import BESIDE
from lib.sample import Job, Sample, text
from lib.splits import SIDES
from sets import by_name

RECIPE = 1


def build(job: Job) -> list[Sample]:
    """On the side on which the manual's page stands."""
    samples = []
    for manual in by_name(job.name).follows:
        for side in SIDES:
            for shard in sorted((job.out / manual / BESIDE / side).glob("*.jsonl")):
                for line in shard.read_text().splitlines():
                    record = json.loads(line)
                    sample = text(record["id"], record["id"], record["source"], record["text"])
                    sample.side = side
                    samples.append(sample)
    return samples

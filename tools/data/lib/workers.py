"""One function over many inputs, in several processes, results in order."""
from multiprocessing import get_context

from .sample import Job


def each(function, inputs: list, job: Job) -> list:
    """[function(x) for x in inputs], with lines of progress. `function` stands at the top of a module."""
    results = []
    with get_context("fork").Pool(job.workers, maxtasksperchild=500) as pool:
        for result in pool.imap(function, inputs, chunksize=8):
            results.append(result)
            if len(results) % 2000 == 0:
                job.say(f"{len(results)} of {len(inputs)}")
    return results

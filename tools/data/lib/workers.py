"""One function over many inputs, in several processes, results in order."""
import ctypes
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from .fetch import BuildError
from .sample import Job

PR_SET_PDEATHSIG = 1


def each(function, inputs: list, job: Job) -> list:
    """[function(x) for x in inputs], with lines of progress. `function` stands at the top of a module."""
    results = []
    with ProcessPoolExecutor(job.workers, get_context("fork"), start_worker) as pool:
        try:
            for result in pool.map(function, inputs, chunksize=8):
                results.append(result)
                if len(results) % 2000 == 0:
                    job.say(f"{len(results)} of {len(inputs)}")
        except BrokenProcessPool:
            raise BuildError(f"a worker process died near input {len(results)} of {len(inputs)}; out of memory?") from None
    return results


def start_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and ends with it, also when that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

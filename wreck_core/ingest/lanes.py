"""Jobs cut into lanes of chunks, so that several workers together keep what is promised per host."""

from collections import Counter
from collections.abc import Iterable

from wreck_core.ingest.rows import Job


def cut(jobs: Iterable[Job], lanes: int, chunk_urls: int) -> list[list[list[Job]]]:
    """Share jobs out to at most `lanes` lanes of about equal work, each cut into chunks, in order.

    All jobs of a host are in one lane. Whoever works on the chunks of a lane one after the other
    never asks a host from two places at once.
    """
    listed = list(jobs)
    shared: list[list[Job]] = [[] for _ in range(lanes)]
    load, lane_of = [0] * lanes, {}
    for host, urls in Counter(job.host for job in listed).most_common():
        lane_of[host] = load.index(min(load))
        load[lane_of[host]] += urls
    for job in listed:
        shared[lane_of[job.host]].append(job)
    return [[lane[at : at + chunk_urls] for at in range(0, len(lane), chunk_urls)] for lane in shared if lane]

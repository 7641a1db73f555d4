import random
from itertools import count, islice

from hypothesis import given
from hypothesis import strategies as st

from wreck_core.ingest.lanes import Lanes
from wreck_core.ingest.rows import Job
from wreck_core.ingest.schedule import Standing


def job(number: int, host: str) -> Job:
    return Job(str(number), f"http://{host}/{number}", host)


@given(st.lists(st.sampled_from("abcdef"), max_size=80), st.integers(1, 4), st.integers(1, 9), st.randoms())
def test_no_two_chunks_under_way_share_a_host_and_every_job_comes_once_in_its_host_s_order(
    hosts: list[str], lanes: int, chunk_urls: int, chance: random.Random
) -> None:
    jobs = [job(number, host) for number, host in enumerate(hosts)]
    plan = Lanes(iter(jobs), lanes, chunk_urls)
    under_way: dict[int, list[Job]] = {}
    seen: list[Job] = []
    while True:
        for lane in set(range(lanes)) - under_way.keys():
            if chunk := plan.take(lane):
                assert len(chunk) <= chunk_urls
                under_way[lane] = chunk
                seen += chunk
        if not under_way:
            break
        busy = [{job.host for job in chunk} for chunk in under_way.values()]
        assert sum(map(len, busy)) == len(set().union(*busy))
        plan.finish(under_way.pop(chance.choice(sorted(under_way))))
    assert len(seen) == len(jobs)
    for host in set(hosts):
        assert [job for job in seen if job.host == host] == [job for job in jobs if job.host == host]


def test_the_work_is_shared_evenly() -> None:
    jobs = [job(number, "abc"[number % 3]) for number in range(21)]
    plan = Lanes(iter(jobs), 2, 100)
    assert [len(plan.take(lane)) for lane in range(2)] == [14, 7]


def test_an_endless_stream_is_read_only_as_far_as_needed() -> None:
    asked = count()
    plan = Lanes((job(number, f"h{number}") for number in asked), 2, 10)
    chunks = [plan.take(lane) for lane in islice((0, 1) * 500, 1000)]
    assert all(len(chunk) == 10 for chunk in chunks)
    assert next(asked) <= 10_000 + 2 * 10 * 50 + 1


def test_what_a_chunk_learned_about_its_hosts_is_given_to_their_next_until_it_is_over() -> None:
    jobs = [job(number, "ab"[number % 2]) for number in range(8)]
    plan = Lanes(iter(jobs), 1, 2)
    refused = {"a": Standing(0.0, 3, True)}
    chunk = plan.take(0)
    assert plan.standings(chunk) == {}
    plan.finish(chunk, refused)
    chunk = plan.take(0)
    assert plan.standings(chunk) == refused
    plan.finish(chunk, {})
    assert plan.standings(plan.take(0)) == {}

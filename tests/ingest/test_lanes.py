from hypothesis import given
from hypothesis import strategies as st

from wreck_core.ingest.lanes import cut
from wreck_core.ingest.rows import Job


@given(st.lists(st.sampled_from("abcdef"), max_size=80), st.integers(1, 4), st.integers(1, 9))
def test_every_job_is_in_one_chunk_and_every_host_in_one_lane(
    hosts: list[str], lanes: int, chunk_urls: int
) -> None:
    jobs = [Job(str(number), f"http://{host}/{number}", host) for number, host in enumerate(hosts)]
    made = cut(jobs, lanes, chunk_urls)
    assert len(made) <= lanes
    assert sorted((job for lane in made for chunk in lane for job in chunk), key=jobs.index) == jobs
    assert all(0 < len(chunk) <= chunk_urls for lane in made for chunk in lane)
    homes = [{job.host for chunk in lane for job in chunk} for lane in made]
    assert sum(map(len, homes)) == len(set().union(*homes))


def test_the_work_is_shared_evenly() -> None:
    jobs = [Job(str(n), "", host) for n, host in enumerate("a" * 10 + "b" * 6 + "c" * 5)]
    assert [sum(map(len, lane)) for lane in cut(jobs, 2, 100)] == [10, 11]

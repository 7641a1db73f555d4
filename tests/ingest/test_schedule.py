import pickle
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.schedule import Schedule


def jobs(hosts: list[str]) -> list[Job]:
    return [Job(str(number), f"http://{host}/{number}", host) for number, host in enumerate(hosts)]


def schedule(hosts: list[str], **settings: Any) -> Schedule:
    chosen: dict[str, Any] = {"per_host": 2, "breaker": 3} | settings
    return Schedule(iter(jobs(hosts)), interval_s=lambda job, delay_s: delay_s, **chosen)


def ended(job: Job, status: str = "ok", **facts: float) -> Row:
    return Row(job.url_id, job.host, status, **facts)


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(1, 4), st.data())
def test_every_job_is_taken_once_and_no_host_is_crowded(
    hosts: list[str], per_host: int, data: st.DataObject
) -> None:
    order = schedule(hosts, per_host=per_host)
    running: list[Job] = []
    taken: list[str] = []
    while not order.empty() or running:
        job = order.take()
        if job is not None:
            taken.append(job.url_id)
            running.append(job)
            assert Counter(job.host for job in running).most_common(1)[0][1] <= per_host
        if running and (job is None or data.draw(st.booleans())):
            order.finish(ended(running.pop(data.draw(st.integers(0, len(running) - 1)))))
    assert sorted(taken) == sorted(job.url_id for job in jobs(hosts))


def take_all(order: Schedule) -> list[Job]:
    return [job for job in iter(order.take, None) if job]


def test_hosts_take_turns_and_the_first_url_of_each_goes_alone() -> None:
    order = schedule(["a", "a", "a", "a", "b", "b", "c"])
    first = take_all(order)
    assert [job.host for job in first] == ["a", "b", "c"]
    for job in first:
        order.finish(ended(job))
    assert [job.host for job in take_all(order)] == ["a", "b", "a"]  # the last of a has no slot


def test_a_crawl_delay_holds_from_the_second_url_on() -> None:
    order = schedule(["a", "a", "b", "b"])
    first, other = take_all(order)
    order.finish(ended(first, crawl_delay_s=3600.0))
    order.finish(ended(other))
    assert [job.host for job in take_all(order)] == ["b"]
    assert 3500.0 < (order.wait_s() or 0.0) <= 3600.0


def test_a_host_that_refuses_often_is_skipped_and_the_others_are_not() -> None:
    order = schedule(["a"] * 6 + ["b"], per_host=1)
    for number in range(3):
        job = order.take()
        assert job and job.host == "a" and not order.skips(job)
        order.finish(ended(job, "http_4xx", http_code=403))
        if number == 0:
            other = order.take()
            assert other and other.host == "b"
            order.finish(ended(other))
    rest = [order.take() for _ in range(3)]
    assert all(job and order.skips(job) for job in rest)


def test_one_answer_that_is_no_refusal_starts_the_count_anew() -> None:
    order = schedule(["a"] * 6, per_host=1)
    for status in ("refused", "dns", "http_5xx", "refused", "dns"):
        job = order.take()
        assert job
        order.finish(ended(job, status))
    last = order.take()
    assert last and not order.skips(last)


def test_a_host_rests_when_it_asks_and_is_skipped_when_it_asks_for_too_long() -> None:
    order = schedule(["a", "a", "b", "b"], per_host=1)
    first, second = order.take(), order.take()
    assert first and second
    order.finish(ended(first, "http_4xx", http_code=429, retry_after_s=30.0))
    order.finish(ended(second, "http_5xx", http_code=503, retry_after_s=3600.0))
    skipped = order.take()
    assert skipped and skipped.host == "b" and order.skips(skipped)
    assert order.take() is None
    assert 0 < (order.wait_s() or 0) <= 30


def test_a_rest_holds_for_a_host_with_slots_to_spare() -> None:
    order = schedule(["a"] * 4, per_host=3)
    first = order.take()
    assert first
    order.finish(ended(first))
    second = order.take()
    assert second
    order.finish(ended(second, "http_4xx", http_code=429, retry_after_s=30.0))
    assert order.take() is None
    assert 29 < (order.wait_s() or 0) <= 30


def test_a_host_rests_while_the_url_that_it_told_so_waits_for_its_next_try() -> None:
    order = schedule(["a"] * 3 + ["b"], per_host=3)
    for job in take_all(order):
        order.finish(ended(job))
    assert order.take()
    order.rest("a", 30.0)
    assert order.take() is None
    assert 25 < (order.wait_s() or 0) <= 30


def test_what_one_chunk_learned_about_a_host_goes_on_in_the_next() -> None:
    first = schedule(["a", "a", "b"], breaker=3)
    for _ in range(2):
        job = first.take()
        assert job
        first.finish(ended(job, "http_4xx", http_code=403) if job.host == "a" else ended(job))
    (last,) = filter(None, [first.take()])
    first.finish(ended(last, "http_4xx", http_code=403))
    learned = first.standings()
    assert {host: (state.refusals, state.skipped) for host, state in learned.items()} == {"a": (2, False)}

    second = schedule(["a", "a"], breaker=3, standings=pickle.loads(pickle.dumps(learned)))  # noqa: S301 - ours
    job = second.take()
    assert job and job.host == "a" and not second.skips(job)
    second.finish(ended(job, "http_4xx", http_code=403))
    job = second.take()
    assert job and second.skips(job)
    assert second.standings()["a"].skipped


def test_a_host_rests_from_one_chunk_to_the_next() -> None:
    first = Schedule(iter(jobs(["a"])), per_host=1, breaker=3, interval_s=lambda job, delay_s: 3600.0)
    job = first.take()
    assert job
    first.finish(ended(job))
    second = schedule(["a", "b"], standings=first.standings())
    (other,) = filter(None, [second.take(), second.take()])
    assert other.host == "b"
    assert 3500.0 < (second.wait_s() or 0.0) <= 3600.0

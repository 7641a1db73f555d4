import hashlib

import pytest

from wreck_core import images
from wreck_core.errors import ImageRejectedError
from wreck_core.sample import site
from wreck_core.sample.site import HOSTS, Site


@pytest.fixture(scope="module")
def sample() -> Site:
    return site.build()


@pytest.mark.slow
def test_the_sample_is_a_list_of_some_240_urls_on_its_own_hosts(sample: Site) -> None:
    assert 225 <= len(sample.urls) <= 255
    listed = {url for url in sample.urls if url.startswith("http://") and ".example/" in url}
    assert {url.split("/")[2] for url in listed} == set(HOSTS)
    assert all(f"http://{host}{path}" in listed for host, path in sample.answers)


@pytest.mark.slow
def test_every_picture_that_can_be_decoded_has_its_true_label(sample: Site) -> None:
    for answer in sample.answers.values():
        try:
            picture = images.decode(answer.body)
        except ImageRejectedError:
            continue
        too_small = min(picture.shape[:2]) < 64
        assert too_small or hashlib.sha256(answer.body).hexdigest() in sample.truth


@pytest.mark.slow
def test_neither_host_nor_size_tells_the_label(sample: Site) -> None:
    labels: dict[str, list[str]] = {host: [] for host in HOSTS}
    for (host, path), answer in sample.answers.items():
        label = sample.truth.get(hashlib.sha256(answer.body).hexdigest())
        if label and path.startswith("/cars/"):
            labels[host].append(label)
    for given in labels.values():
        assert 0.4 <= given.count("damaged") / len(given) <= 0.6

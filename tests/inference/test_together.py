"""Pictures of many threads in few calls, each with its own answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from wreck_core.inference import convert
from wreck_core.inference.together import Together
from wreck_core.training import backbones, graph, head, model_file
from wreck_core.training.runtime import keras

SIDE_PX = 32
MOST = 8


def squares(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, SIDE_PX, SIDE_PX, 3)).astype(np.uint8)


def network() -> keras.Model:
    row = backbones.find("scratch_cnn")
    trunk = graph.with_preprocessing(row, row.build(SIDE_PX))
    drawn = np.random.default_rng(0).normal(0, 0.1, (trunk.output_shape[1], 2))
    return model_file.assemble(graph.add_head(trunk, head.Linear(drawn, np.zeros(2))), 1.0, "small")


class Held:
    """Ask a network; the first call stays until `go` is set. `sizes` are those of the batches."""

    def __init__(self, ask) -> None:
        self.ask, self.begun, self.go, self.sizes = ask, Event(), Event(), []

    def __call__(self, batch: np.ndarray):
        self.sizes.append(len(batch))
        self.begun.set()
        assert self.go.wait(60)
        return self.ask(batch)


def test_pictures_that_wait_for_the_network_go_into_it_together_and_each_gets_its_own_answer() -> None:
    ask = convert.in_keras(network())
    pictures = squares(1 + 2 * MOST + 3)
    held = Held(ask)
    together = Together(held, MOST)
    with ThreadPoolExecutor(len(pictures)) as threads:
        answers = [threads.submit(together, pictures[0])]
        assert held.begun.wait(60)
        answers += [threads.submit(together, picture) for picture in pictures[1:]]
        while len(together._waiting) < len(pictures) - 1:
            pass
        held.go.set()
        said = [answer.result() for answer in answers]
    assert held.sizes == [1, MOST, MOST, 3]
    alone = ask(pictures)
    for name in ("p", "features"):
        np.testing.assert_allclose([one[name] for one in said], alone[name], atol=1e-5)
    assert np.ptp(alone["p"][:, 0]) > 1e-3  # a mix-up would be seen


def test_a_picture_that_comes_alone_waits_for_nobody() -> None:
    ask = convert.in_keras(network())
    (picture,) = squares(1)
    held = Held(ask)
    held.go.set()
    together = Together(held, MOST)
    for _ in range(3):
        np.testing.assert_allclose(together(picture)["p"], ask(picture[None])["p"][0], atol=1e-6)
    assert held.sizes == [1, 1, 1]


def test_what_goes_wrong_with_a_batch_is_told_to_each_of_it_and_the_next_is_served() -> None:
    ask = convert.in_keras(network())
    held = Held(lambda batch: ask(batch if len(batch) == 1 else batch[:, SIDE_PX]))
    together = Together(held, MOST)
    pictures = squares(1 + MOST)
    with ThreadPoolExecutor(len(pictures)) as threads:
        first = threads.submit(together, pictures[0])
        assert held.begun.wait(60)
        others = [threads.submit(together, picture) for picture in pictures[1:]]
        while len(together._waiting) < MOST:
            pass
        held.go.set()
        assert set(first.result()) == {"p", "features"}
        assert all(isinstance(other.exception(), Exception) for other in others)
    assert set(together(pictures[0])) == {"p", "features"}

import numpy as np
import pytest

from wreck_core.sample.body import SILHOUETTES, Design, body, design, normals, wheel


def cars() -> list[Design]:
    return [design(np.random.default_rng(seed)) for seed in range(12)]


@pytest.mark.parametrize("car", cars(), ids=lambda car: f"{car.length:.2f} m")
def test_a_body_has_the_measures_of_its_design(car: Design) -> None:
    points = body(car, 220, 200).points
    length, width, height = np.ptp(points.reshape(-1, 3), axis=0)
    assert length == pytest.approx(car.length, abs=0.25)
    assert width == pytest.approx(car.width, abs=0.08)
    assert height + car.clearance == pytest.approx(car.height, abs=0.12)


def test_normals_of_body_and_wheels_point_outward() -> None:
    for car in cars()[:3]:
        points = body(car, 220, 200).points
        outward = points - points.reshape(-1, 3).mean(axis=0)
        assert (np.einsum("ijk,ijk->ij", normals(points), outward) > 0).mean() > 0.9
        for side in (1, -1):
            face = normals(wheel(car, 0, side, 60)[0])[:20]
            assert np.sign(np.median(face[..., 1])) == side


def test_a_body_is_closed_at_nose_and_tail() -> None:
    points = body(cars()[0], 220, 200).points
    for end in (points[0], points[-1]):
        assert np.ptp(end, axis=0).max() < 0.12


def test_axles_lie_below_the_body_and_windows_below_the_roof() -> None:
    assert all(abs(axle) < car.length / 2 - car.wheel_radius for car in cars() for axle in car.axles)
    for shape in SILHOUETTES.values():
        assert 0 < shape.windscreen[0] < shape.windscreen[1] < shape.rear_window[0] < shape.rear_window[1] < 1

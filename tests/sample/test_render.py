import numpy as np
import pytest

from wreck_core.sample.render import Camera, Light, shadow, splat

SIDE = 64


def looking_down() -> Camera:
    """Stand 5 m south and 5 m up, and look at the origin."""
    slope = 0.5**0.5
    axes = np.asarray(((1, 0, 0), (0, -slope, -slope), (0, slope, -slope)), np.float32)
    return Camera(np.asarray((0, -5, 5), np.float32), axes, 60.0, (SIDE / 2, SIDE / 2), SIDE, SIDE)


def test_the_ground_seen_by_a_pixel_projects_back_to_that_pixel() -> None:
    camera = looking_down()
    x, y, depth = camera.ground()
    column, row, again = camera.project(np.stack((x, y, 0 * x), -1))
    expected_row, expected_column = np.mgrid[:SIDE, :SIDE]
    assert np.isfinite(depth).all()
    np.testing.assert_allclose(column, expected_column, atol=1e-2)
    np.testing.assert_allclose(row, expected_row, atol=1e-2)
    np.testing.assert_allclose(again, depth, rtol=1e-4)


def test_the_nearer_point_covers_the_farther_in_any_order() -> None:
    camera = looking_down()
    places = np.asarray(((10, 10, 3.0), (10, 10, 7.0)), np.float32)
    colours = np.asarray(((1, 0, 0), (0, 0, 1)), np.float32)
    for order in ([0, 1], [1, 0]):
        picture, covered = splat(camera, places[order], colours[order])
        assert picture[10, 10] == pytest.approx((1, 0, 0))
        assert covered[10, 10] == 1


def test_points_outside_the_picture_are_left_out() -> None:
    places = np.asarray(((-5, 10, 3.0), (10, SIDE + 5, 3.0)), np.float32)
    _, covered = splat(looking_down(), places, np.ones_like(places))
    assert covered.sum() == 0


def test_a_shadow_falls_away_from_the_sun() -> None:
    camera = looking_down()
    sun = np.asarray((0.6, 0, 0.8), np.float32)
    light = Light(sun, 1.0, np.ones(3, np.float32), np.ones(3, np.float32), np.zeros(256, np.float32))
    shaded = shadow(camera, np.asarray(((0, 0, 1),), np.float32), light)
    _, column = np.nonzero(shaded)
    assert column.size
    assert column.mean() < SIDE / 2  # the sun stands to the right

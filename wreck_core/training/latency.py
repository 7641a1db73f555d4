"""How long a compiled model takes for one picture."""

from time import perf_counter

import numpy as np

from wreck_core.training.features import Forward

WARM_UPS, RUNS = 5, 30


def latencies_ms(forward: Forward, side_px: int) -> tuple[float, float]:
    """Median and 95th percentile of milliseconds a picture at batch 1, decoding not counted."""
    picture = np.random.default_rng(0).integers(0, 256, (1, side_px, side_px, 3), np.uint8)
    spans = []
    for _ in range(WARM_UPS + RUNS):
        start = perf_counter()
        forward(picture)
        spans.append(1000 * (perf_counter() - start))
    p50, p95 = np.percentile(spans[WARM_UPS:], [50, 95])
    return float(p50), float(p95)

"""The review page and its decisions: everything to be seen, nothing believed, everything remembered."""

import re
from pathlib import Path

import fetched
import pytest
from fetched import jpeg, photo, sha, smaller, write_labels

from wreck_core import images
from wreck_core.dedup import decisions
from wreck_core.errors import InputError
from wreck_core.images import Image
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report.forget import forget
from wreck_core.stages import dedup, review

ORIGINAL, SMALL, OTHER = jpeg(photo(1)), jpeg(smaller(photo(1))), jpeg(photo(2))


def mirrored(picture: Image) -> Image:
    return picture[:, ::-1].copy()


def page(params: Params, layout: Layout) -> str:
    review.run(params, layout)
    return (layout.reports / "duplicates.html").read_text()


def section(html: str, key: str) -> str:
    found = re.search(rf'<section id="{key}".*?</section>', html, flags=re.S)
    assert found, key
    return found[0]


def test_each_kind_of_pair_has_its_section_with_the_reason_in_words(params: Params, layout: Layout) -> None:
    fetched.store(
        layout,
        ("a", ORIGINAL),
        ("b", SMALL),
        ("c", OTHER),
        ("d", jpeg(mirrored(photo(2)))),
        ("e", jpeg(photo(3))),
        ("f", jpeg(smaller(photo(3)))),
        ("g", jpeg(photo(4))),
        ("h", jpeg(smaller(photo(4)))),
    )
    labels = {sha(jpeg(photo(3))): "damaged", sha(jpeg(smaller(photo(3)))): "undamaged"}
    write_labels(layout, **labels)
    known = {sha(jpeg(photo(4))), sha(jpeg(smaller(photo(4))))}
    one, other = sorted(known)
    review.decide(layout, known, "ann", {"one": one, "other": other, "said": "different"})
    html = page(params, layout)
    assert html.count("data:image/webp;base64,") == 8
    assert re.search(r"Dropped</b> \d+ of 256 bits differ", section(html, "clusters"))
    assert "The other stays: it has more pixels." in section(html, "clusters")
    assert "mirrored, " in section(html, "review")
    assert "undamaged" in section(html, "conflicts")
    assert "ann said: different" in section(html, "apart")
    assert html.index('id="conflicts"') < html.index('id="review"') < html.index('id="clusters"')
    assert "1 contradiction and 1 pair in doubt wait for a person." in html


def test_a_chain_is_told_as_it_is(params: Params, layout: Layout) -> None:
    middle, end = jpeg(smaller(photo(1))), jpeg(smaller(photo(1)), 40)
    fetched.store(layout, ("a", OTHER), ("b", middle), ("c", end))
    fetched.write_decision(layout, OTHER, middle, same=True)
    doubt = section(page(params, layout), "review")
    assert "<b>Dropped</b> for a third" in doubt
    assert "If they are the same it goes where the other went." in doubt


def test_the_page_is_whole_without_a_script_and_repeats_byte_by_byte(params: Params, layout: Layout) -> None:
    fetched.store(layout, ("a", ORIGINAL), ("b", SMALL))
    html = page(params, layout)
    assert "<script" not in html
    assert re.search(r"default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-[^;]+&#39;\"", html)
    assert not re.search(r'(?:src|href)="(?!data:image/webp|http://example.org/)', html)
    assert page(params, layout) == html


def test_the_page_shows_what_stops_the_stage(params: Params, layout: Layout) -> None:
    strict = params.model_copy(update={"dedup": params.dedup.model_copy(update={"max_cluster": 1})})
    fetched.store(layout, ("a", ORIGINAL), ("b", SMALL))
    assert "Dropped" in page(strict, layout)


def test_hostile_text_stays_text(params: Params, layout: Layout) -> None:
    name = '"><script>alert(1)</script>\u202e'
    fetched.store(layout, (name, ORIGINAL, "<b>x</b>"), ("b", ORIGINAL, "<i>"), ("c", SMALL))
    html = page(params, layout)
    assert "<script" not in html
    assert "<b>x" not in html
    assert "listed as &lt;b&gt;x" in html


def test_a_picture_that_is_gone_is_shown_by_its_name(params: Params, layout: Layout) -> None:
    fetched.store(layout, ("a", ORIGINAL), ("b", SMALL))
    layout.image(sha(SMALL), "jpg").unlink()
    assert f'<div class="blank">{sha(SMALL)[:8]}</div>' in page(params, layout)


def test_a_page_that_shows_a_picture_is_deleted_with_it(params: Params, layout: Layout) -> None:
    # One picture under two labels is shown alone: nothing but its own name tells that it is there.
    fetched.store(layout, ("a", ORIGINAL, "damaged"), ("b", ORIGINAL, "undamaged"))
    assert "data:image/webp" in page(params, layout)
    assert forget(layout.reports, [sha(ORIGINAL)]) == ["duplicates.html"]


def test_nothing_alike_is_said(params: Params, layout: Layout) -> None:
    fetched.store(layout, ("a", ORIGINAL), ("b", OTHER))
    assert "No two pictures look the same" in page(params, layout)


def test_what_is_decided_is_honoured_changed_and_taken_back(params: Params, layout: Layout) -> None:
    params = params.model_copy(
        update={"dedup": params.dedup.model_copy(update={"max_removed_fraction": 1.0})}
    )
    fetched.store(layout, ("a", ORIGINAL), ("b", SMALL))
    known = {sha(ORIGINAL), sha(SMALL)}

    def unique_after(said: str) -> object:
        review.decide(layout, known, "ann", {"one": sha(ORIGINAL), "other": sha(SMALL), "said": said})
        return dict(dedup.run(params, layout).rows)["unique"]

    assert [unique_after(said) for said in ("different", "same", "different", "")] == [2, 1, 2, 1]
    assert decisions.read_all(layout.decisions) == []


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        {"one": sha(ORIGINAL), "other": sha(SMALL)},
        {"one": sha(ORIGINAL), "other": sha(SMALL), "said": "maybe"},
        {"one": sha(ORIGINAL), "other": sha(ORIGINAL), "said": "same"},
        {"one": sha(ORIGINAL), "other": "../../etc/passwd", "said": "same"},
        {"one": 1, "other": sha(SMALL), "said": "same"},
    ],
)
def test_what_is_no_decision_is_refused(layout: Layout, question: object) -> None:
    with pytest.raises(InputError):
        review.decide(layout, {sha(ORIGINAL), sha(SMALL)}, "ann", question)
    assert not layout.decisions.exists()


def test_before_any_scrape_it_says_what_to_do(params: Params, layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wreck scrape"):
        review.run(params, layout)


def test_thumbnails_stay_small(params: Params, layout: Layout) -> None:
    huge = images.resize(photo(1), 3000, 2250)
    fetched.store(layout, ("a", jpeg(huge)), ("b", SMALL))
    assert len(page(params, layout)) < 200_000

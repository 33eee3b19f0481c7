"""Cut-outs and composites of pictures of any size, mode and content."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from recognition.isolation.composites import CompositePolicy, composite, patch_mask
from recognition.isolation.cutout import CutOut, cut_out

SIDES = st.integers(1, 70)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def photos(draw: st.DrawFn) -> Image.Image:
    """Noise, or a box on a plain field, in any mode."""
    width, height, rng = draw(SIDES), draw(SIDES), np.random.default_rng(draw(SEEDS))
    if draw(st.booleans()):
        picture = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    else:
        picture = Image.new("RGB", (width, height), tuple(rng.integers(0, 256, 3).tolist()))
        xs, ys = np.sort(rng.integers(0, width, 2)).tolist(), np.sort(rng.integers(0, height, 2)).tolist()
        ImageDraw.Draw(picture).rectangle((xs[0], ys[0], xs[1], ys[1]), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return picture.convert(draw(st.sampled_from(["RGB", "L", "RGBA", "P", "CMYK"])))


@settings(max_examples=150, deadline=None)
@given(photo=photos())
def test_any_photo_gives_a_plausible_cut_out_or_none(photo: Image.Image) -> None:
    found = cut_out(photo)
    if found is not None:
        alpha = found.alpha
        assert alpha.shape == (found.product.height, found.product.width)
        assert found.product.width <= photo.width
        assert found.product.height <= photo.height
        assert 0 < alpha.max() <= 1
        assert np.isfinite(alpha).all()


@settings(max_examples=100, deadline=None)
@given(
    width=SIDES, height=SIDES, photo=st.none() | photos(), seed=SEEDS, side=st.integers(1, 60), grid=st.integers(1, 9)
)
def test_any_cut_out_on_anything_gives_a_view_and_a_mask_in_range(
    width: int, height: int, photo: Image.Image | None, seed: int, side: int, grid: int
) -> None:
    cutout = CutOut(Image.new("RGBA", (width, height), (200, 30, 30, 255)))
    view = composite(cutout, photo, np.random.default_rng(seed), CompositePolicy(side=side, flips=True))
    assert view.picture.size == (side, side)
    assert view.picture.mode == "RGB"
    assert view.mask.shape == (side, side)
    cells = patch_mask(view.mask, grid)
    assert cells.shape == (grid, grid)
    assert np.isfinite(cells).all()
    assert 0 <= cells.min() <= cells.max() <= 1

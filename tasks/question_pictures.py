"""Draw what a question shows: its photo or its group, and two likenesses of each candidate."""

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from labelling.payloads import CATALOGUE_FILE, PHOTO_LETTERS, Candidate, Question, catalogue_item
from recognition.encoders.opening import open_encoder
from recognition.errors import UnreadablePictureError
from recognition.files import write_durably
from recognition.isolation.plain_ground import things_on_plain_ground
from recognition.isolation.protocol import Box
from recognition.pictures.question_sheets import candidates_sheet, cut_sheet, group_sheet
from recognition.pictures.reading import read_picture
from recognition.vocabulary import IsolationMethod, QuestionKind
from tasks.wiring import Parts
from warehouse.images import ImageRef, image_paths, likenesses
from warehouse.products import OfferRow, ProductRow, all_products, latest_offers
from warehouse.questions import QuestionRow

SHEETS = "sheets"  # under the images root, because Label Studio may serve nothing else
_LIKENESSES = 2  # of each candidate
_LARGEST = 2000  # pixels of the longer side that a cut is taken from
_PROMPTS = {
    QuestionKind.WHICH_PRODUCT: "Which product is this?",
    QuestionKind.ONE_PRODUCT: "Do all of these photos show one product? Which?",
    QuestionKind.RIGHT_LABEL: "Is this label right? 1 is what the photo is said to show.",
}


class QuestionPictures:
    """Draws the sheets of questions; opened once for all questions of a night."""

    def __init__(self, loop_parts: Parts, pending: Sequence[QuestionRow]) -> None:
        self._parts, self._images = loop_parts, loop_parts.paths.images
        with loop_parts.warehouse.read() as db:
            self._products = {product.sku: product for product in all_products(db)}
            self._offers, self._likenesses = latest_offers(db), likenesses(db, _LIKENESSES)
            self._paths = image_paths(db, [sha256 for row in pending for sha256 in row.images])

    def write_catalogue(self) -> None:
        """Write the list that annotators search for a product that is not among the candidates."""
        write_catalogue(self._images, self._products.values())

    def question(self, row: QuestionRow) -> Question:
        """The question of a row, its pictures drawn."""
        shown = [self._paths[sha256] for sha256 in row.images]
        candidates = tuple(_candidate(sku, score, self._products, self._offers) for sku, score in row.candidates)
        return Question(
            key=row.question_key,
            kind=row.kind,
            images=row.images,
            sheet=self._group(row, shown) if len(shown) > 1 else self._single(row, shown[0]),
            references=self._candidates(row, candidates) if candidates else None,
            candidates=candidates,
            prompt=_PROMPTS[row.kind],
            release_id=row.release_id or "",
        )

    def _group(self, row: QuestionRow, shown: Sequence[str]) -> str:
        photos = [_read(self._images / path) or _blank() for path in shown]
        return self._write(row.question_key, group_sheet(photos, PHOTO_LETTERS))

    def _single(self, row: QuestionRow, path: str) -> str:
        """The photo as it is, or below its product where that was found on it and is small."""
        photo = _read(self._images / path, _LARGEST)
        box = self._product(photo) if photo else None
        sheet = cut_sheet(photo, (box.left, box.top, box.right, box.bottom)) if photo and box else None
        return path if sheet is None else self._write(row.question_key, sheet)

    def _product(self, photo: Image.Image) -> Box | None:
        """Where the encoder of the release looks, or what lies on a plain ground."""
        spec = self._parts.encoder
        if spec.isolation.method is not IsolationMethod.NONE:
            (isolated,) = open_encoder(spec).isolate([photo])
            if isolated.found:
                return isolated.boxes[0]
        things = things_on_plain_ground(photo)
        return things[0] if things else None

    def _candidates(self, row: QuestionRow, candidates: Sequence[Candidate]) -> str:
        pictures = [self._likenesses_of(candidate.sku) for candidate in candidates]
        captions = ["labelled"] if row.kind is QuestionKind.RIGHT_LABEL else []
        return self._write(f"{row.question_key}-candidates", candidates_sheet(pictures, captions))

    def _likenesses_of(self, sku: str) -> list[Image.Image]:
        found: list[ImageRef] = self._likenesses.get(sku, [])
        read = [_read(self._images / of.path, _LARGEST // 4) for of in found]
        return [picture for picture in read if picture is not None]

    def _write(self, name: str, sheet: Image.Image) -> str:
        """Write a sheet under the images root and return its path relative to it."""
        path, stream = f"{SHEETS}/{name}.jpg", BytesIO()
        sheet.save(stream, format="JPEG", quality=88)
        write_durably(self._images / path, stream.getvalue())
        return path


def write_catalogue(images: Path, products: Iterable[ProductRow]) -> None:
    """Write what the search for another product looks through, where it changed.

    Args:
        images: the images root.
        products: all of them; those that people named may be found too.
    """
    ordered = sorted(products, key=lambda product: (product.title.casefold(), product.sku))
    items = [catalogue_item(product.sku, product.title, product.brand) for product in ordered]
    path, text = images / CATALOGUE_FILE, json.dumps(items, ensure_ascii=False, separators=(",", ":")).encode()
    if not path.exists() or path.read_bytes() != text:
        write_durably(path, text)


def _candidate(sku: str, score: float, products: Mapping[str, ProductRow], offers: Mapping[str, OfferRow]) -> Candidate:
    product, offer = products.get(sku), offers.get(sku)
    price = None
    if offer is not None and offer.price is not None:
        price = f"{offer.price:.2f} {offer.currency or ''}".strip()
    return Candidate(sku, product.title if product else sku, score, product.brand if product else None, price)


def _read(path: Path, about: int | None = None) -> Image.Image | None:
    """A stored photo; None where it cannot be read, although it was judged readable once."""
    try:
        return read_picture(path, about=about) if about else read_picture(path)
    except UnreadablePictureError:
        return None


def _blank() -> Image.Image:
    return Image.new("RGB", (200, 200), (225, 225, 228))

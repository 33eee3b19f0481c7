"""Your answers in pictures: what each annotator said of which photo, and what became of it, on a page of its own."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TypeVar

from labelling.payloads import ANSWERS_FILE
from recognition.files import write_durably
from recognition.vocabulary import LabelKind, QuestionArm
from tasks.answered import AnsweredPhoto, Outcome, Word, outcomes
from tasks.effect_figures import EffectReport, PersonFigures
from tasks.labels import settled_labels
from tasks.loop import Loop
from tasks.pages import Page, Shown, figures, picture, sheet, side_by_side, table
from warehouse.answers import answered_images
from warehouse.images import ImageRef, likenesses
from warehouse.labels import annotators_statements
from warehouse.products import titles
from warehouse.session import Table

PAGE, BRIEF = "your-answers.html", "your-answers.md"

_MOST = 36  # photos of a sheet
_OF_A_LABEL, _LABELS = 12, 8  # photos of one label, and labels that have a sheet of their own
_FEWEST = 3  # photos of a label that are worth a sheet of their own
_WORDS = {
    LabelKind.NOT_A_PRODUCT: "Not a product",
    LabelKind.BAD_PHOTO: "Bad photo",
    LabelKind.SEVERAL_PRODUCTS: "Several products",
}
_WHY = {
    QuestionArm.UNSURE: "it looks like a product we know, but which?",
    QuestionArm.UNSEEN: "no product that we know is near enough",
    QuestionArm.FEW_SAMPLES: "its product lacks a few photos to be learned well",
    QuestionArm.CONFLICT: "two labels contradict each other",
    QuestionArm.SUSPECT: "its label is probably wrong",
    QuestionArm.GOLDEN: "the answer is known",
    QuestionArm.RANDOM: "drawn by lot",
}
_LEAD = "<p>What you said of which photo since the cycle before, and what became of it.</p>"
_By = TypeVar("_By", bound=Hashable)


def write_answers_page(loop: Loop, report: EffectReport, arms: bytes | None) -> None:
    """Write the page beside the reports of the cycle, and where Label Studio shows it to whoever is logged in.

    Args:
        loop: the cycle.
        report: what the answers changed.
        arms: a drawing (PNG) of what the labels of each arm were worth, if they were worth anything.
    """
    with loop.parts.warehouse.read() as db:
        photos = outcomes(answered_images(db), settled_labels(db), annotators_statements(db))
        drawn = _Drawn(loop.parts.paths.images, titles(db), likenesses(db, 1))
    everybody = [shown for shown in (drawn.reached(photos, report.reached), drawn.new_products(photos)) if shown]
    worth = [picture("What they taught", "By why it was asked.", arms)] if arms else []
    people = [(who, [photo for photo in photos if photo.annotator == who.annotator]) for who in report.people]
    sheets = [(who, of, list(drawn.person(of))) for who, of in people]
    sections = [
        *((shown.name, shown.html) for shown in everybody),
        *((shown.name, shown.html + _arms(report)) for shown in worth),
        *((who.annotator, _person(who, of, shown)) for who, of, shown in sheets),
        ("What waits for you next", _waiting(report)),
    ]
    title = f"Your answers: {loop.label}"
    page = Page(title, _LEAD, _figures(report), (), sections).html.encode()
    write_durably(loop.reports / PAGE, page)
    write_durably(loop.parts.paths.images / ANSWERS_FILE, page)
    brief = [*everybody, *worth, *(replace(shown[0], name=who.annotator) for who, _, shown in sheets if shown)]
    write_durably(loop.reports / BRIEF, _brief(title, loop.reports / PAGE, brief).encode())


def _figures(report: EffectReport) -> list[tuple[object, str]]:
    return [
        (report.questions, "questions answered"),
        (f"{report.minutes:.0f}", "minutes"),
        (report.labels, "photos named"),
        (len(report.reached), "products reached their number"),
        (len(report.named), "new products named"),
    ]


def _arms(report: EffectReport) -> str:
    columns = ("why it was asked", "photos named", "right before", "right with them", "points per 100 labels")
    rows: list[tuple[object, ...]] = [
        (_WHY[of.arm], of.labels, f"{of.before:.1%}", f"{of.after:.1%}", f"{100 * of.per_hundred:+.2f}")
        for of in report.arms
    ]
    return table(
        Table(columns, rows), "Drawn by lot is what labels bring without any choice; with few of them it is noise."
    )


def _waiting(report: EffectReport) -> str:
    rows: list[tuple[object, ...]] = [(_WHY[arm], count) for arm, count in report.waiting.items()]
    return table(Table(("because", "questions"), rows)) if rows else "<p>Nothing.</p>"


def _person(who: PersonFigures, photos: Sequence[AnsweredPhoto], sheets: Sequence[Shown]) -> str:
    """One annotator: figures, and the sheets."""
    tested = who.golden_right + who.golden_wrong
    known = f"{who.golden_right} right of {tested} known ones that you ever met. " if tested else ""
    became = Counter(photo.outcome for photo in photos)
    shown: list[tuple[object, str]] = [(who.answers, "questions"), (f"{who.minutes:.0f}", "minutes")]
    shown += [(became[outcome], outcome) for outcome in Outcome if became[outcome]]
    told = f"<p>{known}As far as known ones and others tell, you are right {who.accuracy:.0%} of the time.</p>"
    return figures(shown) + told + side_by_side(sheets)


def _brief(title: str, path: Path, pictures: Sequence[Shown]) -> str:
    """The beginning of the page, for where no page can be opened."""
    lines = [f"# {escape(title)}", "", f"The whole page: `{path}` on the machine of the loop.", ""]
    for of in pictures:
        lines += [f"## {escape(of.name)}", "", of.note, "", f"![{escape(of.name)}]({of.address})", ""]
    return "\n".join(lines)


class _Drawn:
    """Draws the sheets of a page."""

    def __init__(self, images: Path, names: Mapping[str, str], likenesses: Mapping[str, Sequence[ImageRef]]) -> None:
        self._images, self._names, self._likenesses = images, names, likenesses

    def name(self, word: Word | None) -> str:
        """What was said, as people read it."""
        if word is None:
            return "nothing yet"
        kind, sku = word
        return _WORDS.get(kind, "") if sku is None else self._names.get(sku, sku)

    def person(self, photos: Sequence[AnsweredPhoto]) -> Iterator[Shown]:
        """The sheets of one annotator: first what was seen otherwise, because something can be learned from it."""
        for part in (self._otherwise, self._disputed, self._by_label, self._apart):
            yield from part(photos)

    def new_products(self, photos: Sequence[AnsweredPhoto]) -> Shown | None:
        """The photos of the products that were named first."""
        named = [photo for photo in photos if photo.is_new]
        if not named:
            return None
        return self._sheet("New products that you named", "", named, lambda photo: self.name(photo.said))

    def reached(self, photos: Sequence[AnsweredPhoto], skus: Sequence[str]) -> Shown | None:
        """The photos that made products learnable."""
        of = [photo for photo in photos if photo.now is not None and photo.now[1] in skus and photo.said == photo.now]
        if not of:
            return None
        note = "They have the photos now that are needed to be learned well; these are yours among them."
        return self._sheet("Products that reached their number", note, of, lambda photo: self.name(photo.said))

    def _otherwise(self, photos: Sequence[AnsweredPhoto]) -> Iterator[Shown]:
        wrong = [photo for photo in photos if photo.outcome in {Outcome.OVERRULED, Outcome.KNOWN_WRONG}]
        for (said, now), of in _grouped(wrong, lambda photo: (photo.said, photo.now)):
            known = (
                "It was a known one." if of[0].outcome is Outcome.KNOWN_WRONG else "Others who answered outweighed you."
            )
            title = f"You said {self.name(said)}; it counts as {self.name(now)}"
            yield self._sheet(title, known, of, lambda _: "your photo", self._likeness(now))

    def _disputed(self, photos: Sequence[AnsweredPhoto]) -> Iterator[Shown]:
        disputed = [photo for photo in photos if photo.outcome is Outcome.DISPUTED]
        if disputed:
            note = "Nothing is learned from these until somebody settles them: they are asked about again."
            yield self._sheet("Others say otherwise", note, disputed, lambda photo: f"you: {self.name(photo.said)}")

    def _by_label(self, photos: Sequence[AnsweredPhoto]) -> Iterator[Shown]:
        good = [photo for photo in photos if photo.outcome in {Outcome.COUNTS, Outcome.CONFIRMED, Outcome.KNOWN_RIGHT}]
        groups = _grouped(good, lambda photo: photo.said)
        own = [group for group in groups if len(group[1]) >= _FEWEST][:_LABELS]
        rest = [photo for group in groups if group not in own for photo in group[1]]
        for said, of in own:
            yield self._sheet(self.name(said), "", of, lambda photo: photo.outcome, most=_OF_A_LABEL)
        if rest:
            title = "And these" if own else "What you said"
            yield self._sheet(title, "", rest, lambda photo: self.name(photo.said))

    def _apart(self, photos: Sequence[AnsweredPhoto]) -> Iterator[Shown]:
        apart = [photo for photo in photos if photo.outcome is Outcome.APART]
        if apart:
            note = "You left them out of a group, or took the group apart: they are asked about one by one."
            yield self._sheet("Not like the others", note, apart, lambda _: "")

    def _likeness(self, word: Word | None) -> list[tuple[Path, str]]:
        """What the product looks like that it is, for whoever took it for another."""
        found = self._likenesses.get(word[1] or "", []) if word else []
        return [(self._images / found[0].path, f"that is {self.name(word)}")] if found else []

    def _sheet(
        self,
        name: str,
        note: str,
        photos: Sequence[AnsweredPhoto],
        caption: Callable[[AnsweredPhoto], str],
        beside: Sequence[tuple[Path, str]] = (),
        most: int = _MOST,
    ) -> Shown:
        shown = list({photo.sha256: photo for photo in photos}.values())
        more = f" {most} of {len(shown)} are shown." if len(shown) > most else ""
        tiles = [(self._images / photo.path, caption(photo)) for photo in shown[:most]]
        return sheet(name, (note + more).strip(), [*tiles, *beside], lines=2)


def _grouped(
    photos: Iterable[AnsweredPhoto], by: Callable[[AnsweredPhoto], _By]
) -> list[tuple[_By, list[AnsweredPhoto]]]:
    """Photos that have the same in common, the largest group first."""
    found: defaultdict[_By, list[AnsweredPhoto]] = defaultdict(list)
    for photo in photos:
        found[by(photo)].append(photo)
    return sorted(found.items(), key=lambda group: -len(group[1]))

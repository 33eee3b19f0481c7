"""Rows of a file, one at a time: XML feeds, tables with separators, Parquet; column names in one spelling."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from lxml import etree  # type: ignore[import-untyped]

from spiders.errors import PageUnreadableError
from spiders.kinds.documents import opened
from spiders.reader import Document

Row = Mapping[str, Sequence[str]]
"""The texts under each column, by its plain name; an empty cell has none."""

MAX_CELL = 1024 * 1024
_PARQUET = b"PAR1"
_HEAD = 64 * 1024
_BATCH = 1000
_SEPARATORS = "\t;|,"


def plain_name(column: str) -> str:
    """A column's name without what people spell differently: "Image Link", "image_link" and "g:image_link" are one."""
    return re.sub(r"[^a-z0-9]", "", column.rpartition(":")[2].lower())


def rows_of(document: Document) -> Iterator[Row]:
    """Every row of a document; its bytes decide what it is, never its name.

    Raises (while they are read):
        PageUnreadableError: it is no feed or table, or damaged from this row on.
    """
    with opened(document) as stream:
        head = _peek(document)
        if head.startswith(_PARQUET):
            yield from _parquet_rows(document)
        elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            yield from _xml_rows(stream)
        else:
            yield from _separated_rows(stream, head)


def _peek(document: Document) -> bytes:
    """The first bytes."""
    with opened(document) as other:
        head = other.read(_HEAD)
    if not head.strip():
        raise PageUnreadableError("the file is empty")
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)", head, re.IGNORECASE):
        raise PageUnreadableError("this is a web page, not a feed: check the address, it may want a login")
    return head


def _xml_rows(stream: IO[bytes]) -> Iterator[Row]:
    """Items of RSS, entries of Atom. No entities, no document type, no network; what was read is forgotten."""
    found = 0
    try:
        events = etree.iterparse(
            stream, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
            remove_comments=True, recover=False,
        )  # fmt: skip
        for _, element in events:
            if not isinstance(element.tag, str) or etree.QName(element).localname.lower() not in _XML_ROWS:
                continue
            yield _xml_row(element)
            found += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise PageUnreadableError(f"the XML is damaged after {found} products: {error}") from error
    if not found:
        raise PageUnreadableError("the XML holds no <item>, <entry> or <product>: this is no product feed")


_XML_ROWS = frozenset({"item", "entry", "product", "offer", "shopitem"})


def _xml_row(element: etree._Element) -> Row:
    row: dict[str, list[str]] = {}
    for child in element:
        if isinstance(child.tag, str):
            name = plain_name(etree.QName(child).localname)
            text = (child.get("href") if name == "link" else None) or "".join(child.itertext()).strip()
            if text:
                row.setdefault(name, []).append(text)
    for name, value in element.attrib.items():
        row.setdefault(plain_name(etree.QName(name).localname), [value])
    return row


def _separated_rows(stream: IO[bytes], head: bytes) -> Iterator[Row]:
    """Rows of CSV or TSV with a line of names; the separator is the one that the line of names has most of."""
    csv.field_size_limit(MAX_CELL)
    text = TextIOWrapper(stream, encoding=_encoding(head), errors="replace", newline="")
    first = head.decode(_encoding(head), "replace").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(text, delimiter=separator)
    try:
        names = [plain_name(name.removeprefix("\ufeff")) for name in next(reader, [])]
        if len(names) < 2:
            raise PageUnreadableError("the first line names only one column: this is no table of products")
        for cells in reader:
            row: dict[str, list[str]] = {}
            for name, cell in zip(names, cells, strict=False):
                row.setdefault(name, []).extend([cell.strip()] if cell.strip() else [])
            if any(row.values()):
                yield row
    except csv.Error as error:
        raise PageUnreadableError(f"the table is damaged in line {reader.line_num}: {error}") from error
    finally:
        text.detach()  # the stream is closed by whoever opened it


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # not merely a letter that the end of the head cut through
            return "cp1252"
    return "utf-8-sig"


def _parquet_rows(document: Document) -> Iterator[Row]:
    source = document.path or pa.BufferReader(document.body)
    try:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                for entry in batch.to_pylist():
                    yield {plain_name(name): _texts(value) for name, value in entry.items()}
    except (pa.ArrowException, OSError) as error:
        raise PageUnreadableError(f"the Parquet file is damaged: {error}") from error


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for each in values if each is not None and (text := str(each).strip())]

import gzip

from spiders.hosts import same_shop
from spiders.reader import Target
from spiders.sitemaps import SitemapContent, read_sitemap

URL = "https://shop.example/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
URLSET = f"""<urlset {NAMESPACE}><url><loc> https://shop.example/a </loc></url>
<url><loc>/b</loc><lastmod>2026-11-02</lastmod></url></urlset>""".encode()


def test_pages_are_listed_in_order_packed_or_not() -> None:
    expected = SitemapContent(
        pages=(
            Target("https://shop.example/a", "product"),
            Target("https://shop.example/b", "product", changed="2026-11-02"),
        )
    )
    assert read_sitemap(URLSET, URL) == expected
    assert read_sitemap(gzip.compress(URLSET), URL) == expected


def test_the_addresses_of_a_page_s_pictures_are_not_taken_for_pages() -> None:
    body = b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
    <url><image:image><image:loc>https://cdn.example/1.jpg</image:loc></image:image><loc>/a</loc><lastmod>2026-01-01</lastmod></url>
    <url><image:image><image:loc>https://cdn.example/2.jpg</image:loc></image:image></url><url><loc>/b</loc></url></urlset>"""
    pages = read_sitemap(body, URL).pages
    assert [(page.url, page.changed) for page in pages] == [
        ("https://shop.example/a", "2026-01-01"),
        ("https://shop.example/b", None),
    ]


def test_an_index_gives_sitemaps_and_no_pages() -> None:
    index = f"<sitemapindex {NAMESPACE}><sitemap><loc>https://shop.example/s1.xml.gz</loc></sitemap></sitemapindex>"
    assert read_sitemap(index.encode(), URL) == SitemapContent(sitemaps=("https://shop.example/s1.xml.gz",))


def test_a_page_of_apologies_in_place_of_a_sitemap_lists_nothing() -> None:
    for body in (b"", b"<html><body>Sorry</body></html>", b"\x1f\x8bnot gzip", b"not xml", b"\xff\xfe\x00"):
        assert read_sitemap(body, URL) == SitemapContent()


def test_a_sitemap_that_unpacks_to_a_gigabyte_is_refused() -> None:
    assert read_sitemap(gzip.compress(b" " * (60 * 1024 * 1024)), URL) == SitemapContent()


def test_entities_do_not_explode_and_files_are_not_read() -> None:
    bomb = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/&b;</loc></url><url><loc>/&f;</loc></url></urlset>"""
    assert all(
        "root:" not in page and "aaaa" not in page for page in (found.url for found in read_sitemap(bomb, URL).pages)
    )


def test_a_shop_is_its_host_with_or_without_www_and_tls() -> None:
    assert same_shop("https://www.shop.example/x", "http://shop.example/")
    assert not same_shop("https://blog.shop.example/", "https://shop.example/")
    assert not same_shop("https://shop.example.evil.example/", "https://shop.example/")
    assert not same_shop("http://127.0.0.1:81/", "http://127.0.0.1:80/")
    assert not same_shop("http://shop.example:99999/", "http://shop.example:99999/")
    assert not same_shop("mailto:a@shop.example", "https://shop.example/")

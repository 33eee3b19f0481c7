"""Which reader reads which kind of source."""

from spiders.kinds.data_file import DataFileReader
from spiders.kinds.shopify import ShopifyReader
from spiders.kinds.site import SiteReader
from spiders.kinds.woocommerce import WooCommerceReader
from spiders.reader import Reader
from spiders.sources import ShopifySource, SiteSource, WebKind, WooCommerceSource


def reader_of(source: WebKind) -> Reader:
    """The reader for a source that is asked over the web, or is one file of products."""
    if isinstance(source, SiteSource):
        return SiteReader(source)
    if isinstance(source, ShopifySource):
        return ShopifyReader(source)
    if isinstance(source, WooCommerceSource):
        return WooCommerceReader(source)
    return DataFileReader(source)

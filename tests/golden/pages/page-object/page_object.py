"""What the general rules get wrong at this shop: the code of its database, yesterday's price, and its logo."""

from spiders.page_object import ProductPage


class CornerPage(ProductPage):
    """Pages of corner.example."""

    hosts = ("corner.example",)

    def sku(self) -> str | None:
        """The code that people are shown."""
        return self.text("code")

    def price(self) -> str | None:
        """The price of today."""
        return self.text("#now-only .amount")

    def images(self) -> list[str]:
        """The large pictures."""
        return [link.get("href", "") for link in self.document.cssselect("a.zoom")]

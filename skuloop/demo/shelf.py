"""What the demo's shop sells: the drawn products that are in the shop, with their photos."""

from skuloop.demo.shop import ShopProduct
from skuloop.demo.store import DemoStore


def shelf(store: DemoStore) -> list[ShopProduct]:
    """The products of the store that the shop sells."""
    return [
        ShopProduct(
            sku=product.sku,
            title=product.title,
            brand=product.brand,
            category=product.category,
            gtin=None,
            description=f"{product.title}, {product.contents}.",
            price=product.price,
            currency="EUR",
            availability=product.availability,
            images=store.shop_images[product.sku],
        )
        for product in store.products
        if product.in_shop
    ]

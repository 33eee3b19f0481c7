"""What answers look like, for the OpenAPI document; a test holds them against real ones."""

PRODUCT: dict[str, object] = {
    "sku": "TAM-GRE-020",
    "title": "Tamiko Tea Green Sencha 20 bags",
    "brand": "Tamiko",
    "category": "Tea",
    "url": "https://shop.example/p/TAM-GRE-020",
    "price": "3.7700",
    "currency": "EUR",
    "availability": "InStock",
    "offer_seen_at": "2026-11-20T23:56:42.449664Z",
    "references": ["/v1/products/TAM-GRE-020/references/1", "/v1/products/TAM-GRE-020/references/2"],
}
_MATCH: dict[str, object] = {"sku": "TAM-GRE-020", "score": 0.9981, "product": PRODUCT}
ANSWERS: dict[str, object] = {
    "answers": [
        {
            "photo": "shelf.jpg",
            "answer": {
                "release_id": "r0002-9b307ed6",
                "size": [1280, 960],
                "isolated": True,
                "found": [
                    {
                        "box": {"left": 310.5, "top": 122.0, "right": 742.0, "bottom": 880.25},
                        "verdict": "sure",
                        "confidence": 0.9981,
                        "match": _MATCH,
                        "alternatives": [_MATCH],
                    }
                ],
            },
            "problem": None,
        },
        {
            "photo": "notes.txt",
            "answer": None,
            "problem": {
                "reason": "unsupported_format",
                "detail": "not one of JPEG, PNG, WEBP, GIF, AVIF (starts b'Dear diary, ')",
            },
        },
    ]
}
RELEASE: dict[str, object] = {
    "release_id": "r0002-9b307ed6",
    "parent": "r0001-4c0ffee1",
    "created_at": "2026-11-21T00:12:03.100000Z",
    "method": "whitened+superclasses",
    "encoder": "vit_small_patch14_reg4_dinov2.lvd142m",
    "products": 150000,
    "promised_precision": 0.97,
}
EXAMPLES: dict[tuple[str, str], dict[str, object]] = {
    ("/v1/identify", "post"): ANSWERS,
    ("/v1/products/{sku}", "get"): PRODUCT,
    ("/v1/releases/current", "get"): RELEASE,
}
"""By path and method of the operation."""

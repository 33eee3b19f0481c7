UPDATE image SET reason = incoming.value FROM incoming WHERE image.sha256 = incoming.key

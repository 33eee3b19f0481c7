SELECT sha256, kind, sku, origin FROM photo_labels() WHERE NOT conflict AND NOT several_people

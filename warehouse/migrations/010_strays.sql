-- Photos that do not belong to the group they were shown in, and photos of several products.

CREATE TABLE question_stray (
    question_key VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    annotation_id BIGINT NOT NULL,
    PRIMARY KEY (question_key, sha256, annotation_id)
);
COMMENT ON TABLE question_stray IS 'Photos that people took out of a group: its answer is not about them, and they are asked about alone.';
COMMENT ON COLUMN question_stray.question_key IS 'The question.';
COMMENT ON COLUMN question_stray.sha256 IS 'The image.';
COMMENT ON COLUMN question_stray.annotation_id IS 'The annotation in Label Studio that says so.';

COMMENT ON COLUMN label_event.kind IS 'sku, not_a_product, bad_photo, several_products, or withdrawn: an earlier statement is taken back.';
COMMENT ON COLUMN label_standing.kind IS 'sku, not_a_product, bad_photo or several_products.';
COMMENT ON COLUMN answer.kind IS 'sku, new_product, not_a_product, bad_photo, several_products or split.';

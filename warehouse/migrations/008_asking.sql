-- What people said, answer by answer, beside the labels that came of it; and the labels that a release holds for wrong.

CREATE TABLE answer (
    annotation_id BIGINT NOT NULL,
    answered_at TIMESTAMPTZ NOT NULL,
    question_key VARCHAR NOT NULL,
    annotator VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    sku VARCHAR,
    seconds DOUBLE,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (annotation_id, answered_at)
);
COMMENT ON TABLE answer IS 'Every answer of every annotator, those to golden questions too. An edited one is another row; append-only.';
COMMENT ON COLUMN answer.annotation_id IS 'The annotation in Label Studio.';
COMMENT ON COLUMN answer.answered_at IS 'When it was given or edited, by Label Studio''s clock.';
COMMENT ON COLUMN answer.question_key IS 'The question.';
COMMENT ON COLUMN answer.annotator IS 'Who answered.';
COMMENT ON COLUMN answer.kind IS 'sku, new_product, not_a_product, bad_photo or split.';
COMMENT ON COLUMN answer.sku IS 'The product that was named, if any.';
COMMENT ON COLUMN answer.seconds IS 'How long the question was on the screen, where Label Studio says so.';
COMMENT ON COLUMN answer.run_id IS 'The run that pulled it.';

CREATE TABLE label_suspicion (
    sha256 VARCHAR NOT NULL,
    taught VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    rival VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    PRIMARY KEY (sha256, taught)
);
COMMENT ON TABLE label_suspicion IS 'Labels that training found to be wrong, as far as photos can tell: confident learning over the training photos.';
COMMENT ON COLUMN label_suspicion.sha256 IS 'The image.';
COMMENT ON COLUMN label_suspicion.taught IS 'What its training was taught: the second part of the id of a release.';
COMMENT ON COLUMN label_suspicion.sku IS 'What it is labelled.';
COMMENT ON COLUMN label_suspicion.rival IS 'What heads that never saw it take it for.';
COMMENT ON COLUMN label_suspicion.score IS 'By how much the rival is more probable.';

COMMENT ON COLUMN question.kind IS 'which_product, one_product or right_label.';
COMMENT ON COLUMN question.arm IS 'unsure, unseen, few_samples, conflict, suspect, golden or random: why these photos were chosen.';
COMMENT ON COLUMN question_whole.kind IS 'which_product, one_product or right_label.';
COMMENT ON COLUMN question_whole.arm IS 'unsure, unseen, few_samples, conflict, suspect, golden or random: why these photos were chosen.';

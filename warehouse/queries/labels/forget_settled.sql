DELETE FROM label_settled WHERE sha256 NOT IN (SELECT sha256 FROM incoming)

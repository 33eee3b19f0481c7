DELETE FROM label_settled

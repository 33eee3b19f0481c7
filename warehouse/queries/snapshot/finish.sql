-- Nothing is left in a write-ahead log beside the copy.
CHECKPOINT target

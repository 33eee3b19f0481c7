UPDATE release SET status = $status, reason = $reason WHERE release_id = $release_id

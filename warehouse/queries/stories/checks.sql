SELECT about, passed, found FROM gate_checks WHERE release_id = $release_id

-- Broken is what even the upper end of the interval of the realised share does not reach.
SELECT promise.release_id, promise.promised, promise.realised, promise.checked
FROM promise_by_release AS promise
JOIN release USING (release_id)
WHERE release.status = 'published' AND promise.high < promise.promised
ORDER BY release.seq

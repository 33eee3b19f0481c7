SELECT night_id, judged, sure, unsure, unseen, asked, manual_share
FROM manual_share_by_night
ORDER BY began_at DESC, night_id DESC
LIMIT 14

FROM (
    SELECT began_at, night_id AS night, judged, sure, unsure, unseen, asked, manual_share
    FROM manual_share_by_night
    ORDER BY began_at DESC, night_id DESC
    LIMIT 30
)
ORDER BY began_at, night

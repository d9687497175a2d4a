-- Webhook events that were applied to no video, by what they name: an erasure removes their bodies.
create index webhook_events_unattached
    on webhook_events (coalesce(video_ref, asset_id, upload_id)) where video_id is null;

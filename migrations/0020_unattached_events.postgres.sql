-- no-transaction
-- Webhook events that were applied to no video, by what they name: an erasure removes their bodies. Made beside the
-- writers of a big table.
create index concurrently if not exists webhook_events_unattached
    on webhook_events (coalesce(video_ref::text, asset_id, upload_id)) where video_id is null;

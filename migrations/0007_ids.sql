-- The provider's ids in a table of their own. They come in no order: in an index of the videos every change of a row
-- would enter them anew, at places that no cache holds once there are millions.

create table provider_ids (
    provider text not null,
    kind text not null check (kind in ('upload', 'asset')),
    id text not null, -- the provider's
    video_id uuid not null, -- ours; purged with it
    primary key (id, kind, provider) -- the id first: whatever is known of the table, it is found by that
);

insert into provider_ids (provider, kind, id, video_id)
    select provider, 'upload', upload_id, id from videos where upload_id is not null;
insert into provider_ids (provider, kind, id, video_id)
    select provider, 'asset', asset_id, id from videos where asset_id is not null;

drop index videos_upload;
drop index videos_asset;

-- The same for events.
drop index webhook_events_identity;
create unique index webhook_events_identity on webhook_events (event_id, provider);

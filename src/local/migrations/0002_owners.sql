-- Owners: who is charged for what lies here, and what is remembered of pictures and of failed files.
-- Noted in _local_migrations: the release before this one refuses a database whose _sqlx_migrations it does not know whole.

-- Whose it is: meta.creator_id, which the caller's map fills; '' where it names nobody. Computed, so that rows which an
-- earlier release writes have it too.
alter table uploads add column owner text
    generated always as (coalesce(json_extract(settings, '$.meta.creator_id'), '')) virtual;
alter table assets add column owner text
    generated always as (coalesce(json_extract(meta, '$.creator_id'), '')) virtual;
-- Uploads that wait for their file, counted by owner.
create index uploads_open on uploads (owner, expires_us) where status = 'waiting';

alter table assets add column thumbnail_time real;  -- seconds; the default poster frame
alter table assets add column discard_us integer;   -- when the original goes; only of an errored asset that still has it
update assets set discard_us = created_us + 86400000000 where status = 'errored';
create index assets_discard on assets (discard_us) where discard_us is not null;

-- What lies on the disk for whom, and what is promised to an upload on its way.
create table files (
    id text not null,                           -- of the upload where it is an original, else of the asset
    kind text not null check (kind in ('original', 'media', 'static', 'images')),
    owner text not null,                        -- '' where nobody is named
    bytes integer not null,
    primary key (id, kind)
) strict, without rowid;
create index files_owner on files (owner, bytes);

-- Pictures that cannot be made: ffmpeg is not asked again for a day.
create table no_images (
    asset_id text not null references assets (id) on delete cascade,
    name text not null,                         -- what was asked for, or the part of it that cannot be
    until_us integer not null,                  -- it is tried again after that
    primary key (asset_id, name)
) strict, without rowid;

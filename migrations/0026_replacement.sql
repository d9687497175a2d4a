-- Replacing a video: a hidden row has the new asset until the two rows exchange their assets, and then the old one.

alter table videos add column replaces uuid; -- of a hidden row: the video that it belongs to; null: the row is no hidden one
alter table videos add column exchanged_at timestamptz; -- of a hidden row: when it exchanged its asset with that video's, last; null: not yet
alter table videos add column undone_at timestamptz; -- of a hidden row: when that exchange was undone; null: it was not
alter table videos add column shown_version bigint not null default 0; -- of a hidden row: its version that the video's `replacement` shows
alter table videos add column replacement jsonb; -- of a video: how far its replacement is, as {video_id, provider, status, error}; null: none

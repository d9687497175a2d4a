-- Files of tracks that their provider does not have yet. A row is removed when the provider has the file, and with its video.

create table track_files (
    track_id uuid primary key, -- the track, in `tracks_asked` of its video
    video_id uuid not null references videos (id) on delete cascade, -- the row that has the track; an exchange moves both
    body bytea, -- the file as WebVTT, at most 1 MiB; null where the provider is to fetch it from `source_url`
    source_url text, -- the address that a caller named, which may hold a secret; null beside a body
    created_at timestamptz not null -- old ones are removed: nothing asks for them any more
);

-- What is removed with a video, and what is moved by an exchange.
create index track_files_of_video on track_files (video_id);
create index track_files_created on track_files (created_at);

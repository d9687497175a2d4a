-- The limits of an upload as they were when it began, and what is measured against them. Null, in rows of earlier
-- releases too: no limit, or not known.

alter table videos add column max_bytes bigint;
alter table videos add column max_duration_s bigint;
alter table videos add column file_size bigint; -- bytes, as the caller told before the upload
alter table videos add column file_facts jsonb; -- as `facts`, of the field `file_size`
alter table videos add column longest_ready_s double precision; -- greatest duration reported together with `ready`
alter table videos add column discarded boolean not null default false; -- the asset is deleted of our own accord

-- The uploads that were begun with one token, for its claim `upload.count`: kept until the token ends.
create table counted_uploads (
    owner text not null, -- `sub` of the token
    token_id text not null, -- its `jti`
    video_id uuid not null,
    expires_at timestamptz not null, -- its `exp`
    primary key (owner, token_id, video_id)
);

create index counted_uploads_expiry on counted_uploads (expires_at);
create index counted_uploads_video on counted_uploads (video_id);

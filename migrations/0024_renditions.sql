-- Files made of a video: what callers asked for, and what the provider tells of further kinds. Null in older rows.

-- An array of requests that are not done: {name, action (make | delete), state, asked_at, done_at, error}. Null: none.
alter table videos add column renditions_asked jsonb;
-- As `facts`, of the fields `renditions2` to `renditions4`; the field `renditions` stands in `facts`.
alter table videos add column rendition_facts jsonb;

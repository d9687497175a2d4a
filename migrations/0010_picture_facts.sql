-- What is known of a video's pictures. Null in older rows, and where the provider says nothing of it.
alter table videos add column picture_facts jsonb; -- as `facts`, of the fields `sound_only` and `cover`

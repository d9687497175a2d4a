-- Tracks of a video that callers asked for: captions, subtitles and sound. Null in older rows.

-- An array: {id, action (add | generate | delete), origin, kind, language, name, state (wanted | calling | done | refused),
-- provider_id, is_settled, others, asked_at, done_at, failure}. A track stands there for as long as the provider has it.
-- Null: none.
alter table videos add column tracks_asked jsonb;
